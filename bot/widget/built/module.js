export { KefuWidget } from "./kefu-b9a090b39f51.js";
