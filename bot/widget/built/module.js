export { KefuWidget } from "./kefu-2b8f3b7a31bd.js";
