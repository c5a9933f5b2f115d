export { KefuWidget } from "./kefu-5ecc78f122dc.js";
