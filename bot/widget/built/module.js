export { KefuWidget } from "./kefu-1f7159da4973.js";
