export { KefuWidget } from "./kefu-6f7b20589f63.js";
