export { KefuWidget } from "./kefu-4fedd895de9e.js";
