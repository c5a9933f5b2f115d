export { KefuWidget } from "./kefu-e73df5dde81c.js";
