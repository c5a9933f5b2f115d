/** Brings <kefu-widget> to life. Importing it twice does no harm. */

import { KefuWidget } from "./element.js";

if (!customElements.get("kefu-widget")) customElements.define("kefu-widget", KefuWidget);

export { KefuWidget };
