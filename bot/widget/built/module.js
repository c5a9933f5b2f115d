export { KefuWidget } from "./kefu-712a48beac22.js";
