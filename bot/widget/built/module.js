export { KefuWidget } from "./kefu-f60d7185ae56.js";
