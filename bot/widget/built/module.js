export { KefuWidget } from "./kefu-796343fc7b05.js";
