export { KefuWidget } from "./kefu-0b48a64189a1.js";
