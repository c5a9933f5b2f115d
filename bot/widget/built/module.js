export { KefuWidget } from "./kefu-99b6be932645.js";
