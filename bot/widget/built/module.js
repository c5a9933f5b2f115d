export { KefuWidget } from "./kefu-24a5dfa18fe2.js";
