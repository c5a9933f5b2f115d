export { KefuWidget } from "./kefu-ac894aa44896.js";
