export { KefuWidget } from "./kefu-02726141ad36.js";
