/*! Kefu widget, Apache-2.0. Contains Lit (BSD-3-Clause, Google LLC): see licenses.txt beside this file. */
var e=globalThis,t=e.ShadowRoot&&(e.ShadyCSS===void 0||e.ShadyCSS.nativeShadow)&&`adoptedStyleSheets`in Document.prototype&&`replace`in CSSStyleSheet.prototype,n=Symbol(),r=new WeakMap,i=class{constructor(e,t,r){if(this._$cssResult$=!0,r!==n)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o,n=this.t;if(t&&e===void 0){let t=n!==void 0&&n.length===1;t&&(e=r.get(n)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),t&&r.set(n,e))}return e}toString(){return this.cssText}},a=e=>new i(typeof e==`string`?e:e+``,void 0,n),o=(e,...t)=>new i(e.length===1?e[0]:t.reduce((t,n,r)=>t+(e=>{if(!0===e._$cssResult$)return e.cssText;if(typeof e==`number`)return e;throw Error(`Value passed to 'css' function must be a 'css' function result: `+e+`. Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.`)})(n)+e[r+1],e[0]),e,n),s=(n,r)=>{if(t)n.adoptedStyleSheets=r.map(e=>e instanceof CSSStyleSheet?e:e.styleSheet);else for(let t of r){let r=document.createElement(`style`),i=e.litNonce;i!==void 0&&r.setAttribute(`nonce`,i),r.textContent=t.cssText,n.appendChild(r)}},c=t?e=>e:e=>e instanceof CSSStyleSheet?(e=>{let t=``;for(let n of e.cssRules)t+=n.cssText;return a(t)})(e):e,{is:l,defineProperty:u,getOwnPropertyDescriptor:d,getOwnPropertyNames:f,getOwnPropertySymbols:p,getPrototypeOf:m}=Object,h=globalThis,ee=h.trustedTypes,te=ee?ee.emptyScript:``,ne=h.reactiveElementPolyfillSupport,g=(e,t)=>e,re={toAttribute(e,t){switch(t){case Boolean:e=e?te:null;break;case Object:case Array:e=e==null?e:JSON.stringify(e)}return e},fromAttribute(e,t){let n=e;switch(t){case Boolean:n=e!==null;break;case Number:n=e===null?null:Number(e);break;case Object:case Array:try{n=JSON.parse(e)}catch{n=null}}return n}},ie=(e,t)=>!l(e,t),ae={attribute:!0,type:String,converter:re,reflect:!1,useDefault:!1,hasChanged:ie};Symbol.metadata??=Symbol(`metadata`),h.litPropertyMetadata??=new WeakMap;var _=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=ae){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){let n=Symbol(),r=this.getPropertyDescriptor(e,n,t);r!==void 0&&u(this.prototype,e,r)}}static getPropertyDescriptor(e,t,n){let{get:r,set:i}=d(this.prototype,e)??{get(){return this[t]},set(e){this[t]=e}};return{get:r,set(t){let a=r?.call(this);i?.call(this,t),this.requestUpdate(e,a,n)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??ae}static _$Ei(){if(this.hasOwnProperty(g(`elementProperties`)))return;let e=m(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(g(`finalized`)))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(g(`properties`))){let e=this.properties,t=[...f(e),...p(e)];for(let n of t)this.createProperty(n,e[n])}let e=this[Symbol.metadata];if(e!==null){let t=litPropertyMetadata.get(e);if(t!==void 0)for(let[e,n]of t)this.elementProperties.set(e,n)}this._$Eh=new Map;for(let[e,t]of this.elementProperties){let n=this._$Eu(e,t);n!==void 0&&this._$Eh.set(n,e)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){let t=[];if(Array.isArray(e)){let n=new Set(e.flat(1/0).reverse());for(let e of n)t.unshift(c(e))}else e!==void 0&&t.push(c(e));return t}static _$Eu(e,t){let n=t.attribute;return!1===n?void 0:typeof n==`string`?n:typeof e==`string`?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){let e=new Map,t=this.constructor.elementProperties;for(let n of t.keys())this.hasOwnProperty(n)&&(e.set(n,this[n]),delete this[n]);e.size>0&&(this._$Ep=e)}createRenderRoot(){let e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return s(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,n){this._$AK(e,n)}_$ET(e,t){let n=this.constructor.elementProperties.get(e),r=this.constructor._$Eu(e,n);if(r!==void 0&&!0===n.reflect){let i=(n.converter?.toAttribute===void 0?re:n.converter).toAttribute(t,n.type);this._$Em=e,i==null?this.removeAttribute(r):this.setAttribute(r,i),this._$Em=null}}_$AK(e,t){let n=this.constructor,r=n._$Eh.get(e);if(r!==void 0&&this._$Em!==r){let e=n.getPropertyOptions(r),i=typeof e.converter==`function`?{fromAttribute:e.converter}:e.converter?.fromAttribute===void 0?re:e.converter;this._$Em=r;let a=i.fromAttribute(t,e.type);this[r]=a??this._$Ej?.get(r)??a,this._$Em=null}}requestUpdate(e,t,n,r=!1,i){if(e!==void 0){let a=this.constructor;if(!1===r&&(i=this[e]),n??=a.getPropertyOptions(e),!((n.hasChanged??ie)(i,t)||n.useDefault&&n.reflect&&i===this._$Ej?.get(e)&&!this.hasAttribute(a._$Eu(e,n))))return;this.C(e,t,n)}!1===this.isUpdatePending&&(this._$ES=this._$EP())}C(e,t,{useDefault:n,reflect:r,wrapped:i},a){n&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,a??t??this[e]),!0!==i||a!==void 0)||(this._$AL.has(e)||(this.hasUpdated||n||(t=void 0),this._$AL.set(e,t)),!0===r&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(e){Promise.reject(e)}let e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[e,t]of this._$Ep)this[e]=t;this._$Ep=void 0}let e=this.constructor.elementProperties;if(e.size>0)for(let[t,n]of e){let{wrapped:e}=n,r=this[t];!0!==e||this._$AL.has(t)||r===void 0||this.C(t,void 0,n,r)}}let e=!1,t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(e=>e.hostUpdate?.()),this.update(t)):this._$EM()}catch(t){throw e=!1,this._$EM(),t}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(e=>e.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(e=>this._$ET(e,this[e])),this._$EM()}updated(e){}firstUpdated(e){}};_.elementStyles=[],_.shadowRootOptions={mode:`open`},_[g(`elementProperties`)]=new Map,_[g(`finalized`)]=new Map,ne?.({ReactiveElement:_}),(h.reactiveElementVersions??=[]).push(`2.1.2`);var oe=globalThis,se=e=>e,v=oe.trustedTypes,ce=v?v.createPolicy(`lit-html`,{createHTML:e=>e}):void 0,y=`$lit$`,b=`lit$${Math.random().toFixed(9).slice(2)}$`,le=`?`+b,ue=`<${le}>`,x=document,S=()=>x.createComment(``),C=e=>e===null||typeof e!=`object`&&typeof e!=`function`,w=Array.isArray,de=e=>w(e)||typeof e?.[Symbol.iterator]==`function`,T=`[ 	
\f\r]`,E=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,fe=/-->/g,pe=/>/g,D=RegExp(`>|${T}(?:([^\\s"'>=/]+)(${T}*=${T}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`,`g`),me=/'/g,he=/"/g,ge=/^(?:script|style|textarea|title)$/i,_e=e=>(t,...n)=>({_$litType$:e,strings:t,values:n}),O=_e(1),k=_e(2),A=Symbol.for(`lit-noChange`),j=Symbol.for(`lit-nothing`),ve=new WeakMap,M=x.createTreeWalker(x,129);function ye(e,t){if(!w(e)||!e.hasOwnProperty(`raw`))throw Error(`invalid template strings array`);return ce===void 0?t:ce.createHTML(t)}var be=(e,t)=>{let n=e.length-1,r=[],i,a=t===2?`<svg>`:t===3?`<math>`:``,o=E;for(let t=0;t<n;t++){let n=e[t],s,c,l=-1,u=0;for(;u<n.length&&(o.lastIndex=u,c=o.exec(n),c!==null);)u=o.lastIndex,o===E?c[1]===`!--`?o=fe:c[1]===void 0?c[2]===void 0?c[3]!==void 0&&(o=D):(ge.test(c[2])&&(i=RegExp(`</`+c[2],`g`)),o=D):o=pe:o===D?c[0]===`>`?(o=i??E,l=-1):c[1]===void 0?l=-2:(l=o.lastIndex-c[2].length,s=c[1],o=c[3]===void 0?D:c[3]===`"`?he:me):o===he||o===me?o=D:o===fe||o===pe?o=E:(o=D,i=void 0);let d=o===D&&e[t+1].startsWith(`/>`)?` `:``;a+=o===E?n+ue:l>=0?(r.push(s),n.slice(0,l)+y+n.slice(l)+b+d):n+b+(l===-2?t:d)}return[ye(e,a+(e[n]||`<?>`)+(t===2?`</svg>`:t===3?`</math>`:``)),r]},N=class e{constructor({strings:t,_$litType$:n},r){let i;this.parts=[];let a=0,o=0,s=t.length-1,c=this.parts,[l,u]=be(t,n);if(this.el=e.createElement(l,r),M.currentNode=this.el.content,n===2||n===3){let e=this.el.content.firstChild;e.replaceWith(...e.childNodes)}for(;(i=M.nextNode())!==null&&c.length<s;){if(i.nodeType===1){if(i.hasAttributes())for(let e of i.getAttributeNames())if(e.endsWith(y)){let t=u[o++],n=i.getAttribute(e).split(b),r=/([.?@])?(.*)/.exec(t);c.push({type:1,index:a,name:r[2],strings:n,ctor:r[1]===`.`?Se:r[1]===`?`?Ce:r[1]===`@`?we:I}),i.removeAttribute(e)}else e.startsWith(b)&&(c.push({type:6,index:a}),i.removeAttribute(e));if(ge.test(i.tagName)){let e=i.textContent.split(b),t=e.length-1;if(t>0){i.textContent=v?v.emptyScript:``;for(let n=0;n<t;n++)i.append(e[n],S()),M.nextNode(),c.push({type:2,index:++a});i.append(e[t],S())}}}else if(i.nodeType===8){if(i.data===le)c.push({type:2,index:a});else{let e=-1;for(;(e=i.data.indexOf(b,e+1))!==-1;)c.push({type:7,index:a}),e+=b.length-1}}a++}}static createElement(e,t){let n=x.createElement(`template`);return n.innerHTML=e,n}};function P(e,t,n=e,r){if(t===A)return t;let i=r===void 0?n._$Cl:n._$Co?.[r],a=C(t)?void 0:t._$litDirective$;return i?.constructor!==a&&(i?._$AO?.(!1),a===void 0?i=void 0:(i=new a(e),i._$AT(e,n,r)),r===void 0?n._$Cl=i:(n._$Co??=[])[r]=i),i!==void 0&&(t=P(e,i._$AS(e,t.values),i,r)),t}var xe=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:t},parts:n}=this._$AD,r=(e?.creationScope??x).importNode(t,!0);M.currentNode=r;let i=M.nextNode(),a=0,o=0,s=n[0];for(;s!==void 0;){if(a===s.index){let t;s.type===2?t=new F(i,i.nextSibling,this,e):s.type===1?t=new s.ctor(i,s.name,s.strings,this,e):s.type===6&&(t=new Te(i,this,e)),this._$AV.push(t),s=n[++o]}a!==s?.index&&(i=M.nextNode(),a++)}return M.currentNode=x,r}p(e){let t=0;for(let n of this._$AV)n!==void 0&&(n.strings===void 0?n._$AI(e[t]):(n._$AI(e,n,t),t+=n.strings.length-2)),t++}},F=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,t,n,r){this.type=2,this._$AH=j,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=n,this.options=r,this._$Cv=r?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,t=this._$AM;return t!==void 0&&e?.nodeType===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=P(this,e,t),C(e)?e===j||e==null||e===``?(this._$AH!==j&&this._$AR(),this._$AH=j):e!==this._$AH&&e!==A&&this._(e):e._$litType$===void 0?e.nodeType===void 0?de(e)?this.k(e):this._(e):this.T(e):this.$(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==j&&C(this._$AH)?this._$AA.nextSibling.data=e:this.T(x.createTextNode(e)),this._$AH=e}$(e){let{values:t,_$litType$:n}=e,r=typeof n==`number`?this._$AC(e):(n.el===void 0&&(n.el=N.createElement(ye(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===r)this._$AH.p(t);else{let e=new xe(r,this),n=e.u(this.options);e.p(t),this.T(n),this._$AH=e}}_$AC(e){let t=ve.get(e.strings);return t===void 0&&ve.set(e.strings,t=new N(e)),t}k(t){w(this._$AH)||(this._$AH=[],this._$AR());let n=this._$AH,r,i=0;for(let a of t)i===n.length?n.push(r=new e(this.O(S()),this.O(S()),this,this.options)):r=n[i],r._$AI(a),i++;i<n.length&&(this._$AR(r&&r._$AB.nextSibling,i),n.length=i)}_$AR(e=this._$AA.nextSibling,t){for(this._$AP?.(!1,!0,t);e!==this._$AB;){let t=se(e).nextSibling;se(e).remove(),e=t}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},I=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,n,r,i){this.type=1,this._$AH=j,this._$AN=void 0,this.element=e,this.name=t,this._$AM=r,this.options=i,n.length>2||n[0]!==``||n[1]!==``?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=j}_$AI(e,t=this,n,r){let i=this.strings,a=!1;if(i===void 0)e=P(this,e,t,0),a=!C(e)||e!==this._$AH&&e!==A,a&&(this._$AH=e);else{let r=e,o,s;for(e=i[0],o=0;o<i.length-1;o++)s=P(this,r[n+o],t,o),s===A&&(s=this._$AH[o]),a||=!C(s)||s!==this._$AH[o],s===j?e=j:e!==j&&(e+=(s??``)+i[o+1]),this._$AH[o]=s}a&&!r&&this.j(e)}j(e){e===j?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??``)}},Se=class extends I{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===j?void 0:e}},Ce=class extends I{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==j)}},we=class extends I{constructor(e,t,n,r,i){super(e,t,n,r,i),this.type=5}_$AI(e,t=this){if((e=P(this,e,t,0)??j)===A)return;let n=this._$AH,r=e===j&&n!==j||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,i=e!==j&&(n===j||r);r&&this.element.removeEventListener(this.name,this,n),i&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH==`function`?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},Te=class{constructor(e,t,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){P(this,e)}},Ee={M:y,P:b,A:le,C:1,L:be,R:xe,D:de,V:P,I:F,H:I,N:Ce,U:we,B:Se,F:Te},De=oe.litHtmlPolyfillSupport;De?.(N,F),(oe.litHtmlVersions??=[]).push(`3.3.3`);var Oe=(e,t,n)=>{let r=n?.renderBefore??t,i=r._$litPart$;if(i===void 0){let e=n?.renderBefore??null;r._$litPart$=i=new F(t.insertBefore(S(),e),e,void 0,n??{})}return i._$AI(e),i},L=globalThis,R=class extends _{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){let t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=Oe(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return A}};R._$litElement$=!0,R.finalized=!0,L.litElementHydrateSupport?.({LitElement:R});var ke=L.litElementPolyfillSupport;ke?.({LitElement:R}),(L.litElementVersions??=[]).push(`4.2.2`);function Ae(e,t){return new Promise(n=>{let r=new AbortController,i=()=>{clearTimeout(a),r.abort(),n()},a=setTimeout(i,e);window.addEventListener(`online`,i,{signal:r.signal}),t.addEventListener(`abort`,i,{signal:r.signal}),t.aborted&&i()})}async function*je(e){let t=e.pipeThrough(new TextDecoderStream).getReader(),n=``;try{for(;;){let{done:e,value:r}=await t.read();if(e)return;let i=(n+r).replace(/\r\n/g,`
`).split(`

`);n=i.pop();for(let e of i)yield Me(e)}}finally{await t.cancel().catch(()=>{})}}function Me(e){let t={event:``,data:``,id:``};for(let n of e.split(`
`)){let e=n.indexOf(`:`),r=e<0?n:n.slice(0,e),i=e<0?``:n.slice(e+1).replace(/^ /,``);(r===`event`||r===`id`)&&(t[r]=i),r===`data`&&(t.data+=(t.data&&`
`)+i)}return t}var Ne=3e4,z=class extends Error{constructor(e,t,n,r=[]){super(t),this.status=e,this.retryAfterMs=n,this.fields=r}get passing(){return this.status===429||this.status===409||this.status>=500}get gone(){return this.status===401||this.status===404}},B=class extends Error{};function V(){let e=crypto.getRandomValues(new Uint8Array(16));return e[6]=e[6]&15|64,e[8]=e[8]&63|128,Array.from(e,e=>e.toString(16).padStart(2,`0`)).join(``).replace(/^(.{8})(.{4})(.{4})(.{4})/,`$1-$2-$3-$4-`)}var Pe=class{constructor(e,t){this.host=e,this.site=t}async siteSettings(e){try{return await this.json(`GET`,`/v1/sites/${encodeURIComponent(this.site)}/widget`,{signal:e})}catch(e){if(e instanceof z&&e.status===404)return null;throw e}}start(e,t,n,r){let i={site:this.site,language:e,...n?{identity:n}:{}};return this.json(`POST`,`/v1/conversations`,{body:i,key:t,token:r})}async conversations(e){return(await this.json(`GET`,`/v1/conversations`,{token:e})).items}conversation(e){return this.json(`GET`,H(e),{token:e.token})}async messages(e,t){let n=[];for(let r=``;;){let i=r&&`&cursor=${encodeURIComponent(r)}`,a=await this.json(`GET`,`${H(e)}/messages?limit=100${i}`,{token:e.token,signal:t});if(n.push(...a.items),a.next_cursor===null)return n;r=a.next_cursor}}async send(e,t,n,r){let i={body:t,key:n,token:e.token,accept:`text/event-stream`},a=await this.fetched(`POST`,`${H(e)}/messages`,i);if(!a.headers.get(`content-type`)?.includes(`text/event-stream`))return Fe(a);try{for await(let e of je(a.body))if(e.event===`delta`&&r(JSON.parse(e.data).text),e.event===`exchange`)return JSON.parse(e.data)}catch(e){throw new B(String(e))}throw new B(`the reply ended early`)}events(e,t,n){let r=t?{"Last-Event-ID":t}:void 0,i={token:e.token,accept:`text/event-stream`,signal:n,...r?{headers:r}:{}};return this.fetched(`GET`,`${H(e)}/events`,i)}askForPerson(e,t){return this.json(`POST`,`${H(e)}/handoff`,{body:{},key:t,token:e.token})}leaveContact(e,t,n){return this.json(`POST`,`${H(e)}/handoff/contact`,{body:t,key:n,token:e.token})}async vote(e,t,n,r){let i={rating:n,...r?{reason:r}:{}};await this.json(`POST`,`/v1/exchanges/${t}/feedback`,{body:i,key:V(),token:e.token})}async takeVoteBack(e,t){await this.fetched(`DELETE`,`/v1/exchanges/${t}/feedback`,{token:e.token})}async rate(e,t,n){let r={stars:t,...n?{comment:n}:{}};await this.json(`POST`,`${H(e)}/rating`,{body:r,key:V(),token:e.token})}async remove(e){await this.fetched(`DELETE`,H(e),{token:e.token})}async json(e,t,n){return Fe(await this.fetched(e,t,n))}async fetched(e,t,n){let r={Accept:n.accept??`application/json`,...n.headers};n.body!==void 0&&(r[`Content-Type`]=`application/json`),n.key!==void 0&&(r[`Idempotency-Key`]=n.key),n.token!==void 0&&(r.Authorization=`Bearer ${n.token}`);let i=await fetch(this.host+t,{method:e,headers:r,credentials:`omit`,body:n.body===void 0?null:JSON.stringify(n.body),signal:n.signal??AbortSignal.timeout(Ne)}).catch(e=>{throw new B(String(e))});if(!i.ok)throw await Ie(i);return i}};function H(e){return`/v1/conversations/${encodeURIComponent(e.id)}`}async function Fe(e){try{return await e.json()}catch(e){throw new B(String(e))}}async function Ie(e){let t=await e.json().catch(()=>({})),n=Number(e.headers.get(`retry-after`))||0,r=(Array.isArray(t.errors)?t.errors:[]).map(({where:e})=>String(e).split(`.`).at(-1));return new z(e.status,String(t.detail??e.statusText),n*1e3,r)}var Le=1e3,Re=3e4,ze=45e3,Be=8e3,Ve=5e3,He=class{constructor(e){this.followed=e,this.running=null,this.lastEventId=``}start(){this.running||(this.running=new AbortController,this.follow(this.running.signal))}stop(){this.running?.abort(),this.running=null}forget(){this.stop(),this.lastEventId=``}async follow(e){for(let t=0;!e.aborted;){let n=this.lastEventId;try{await this.once(e),t=0}catch(r){if(e.aborted)return;if(r instanceof z&&r.gone){this.stop(),this.followed.gone();return}t=this.lastEventId===n?t+1:1,this.followed.connected(!1)}await Ae(Math.min(Le*2**Math.max(t-1,0),Re)*(.75+Math.random()/2),e)}}async once(e){let t=new AbortController,n=()=>t.abort();e.addEventListener(`abort`,n,{once:!0});let r=setTimeout(n,ze);try{let e=await this.followed.connect(this.lastEventId,t.signal);await this.followed.look(t.signal),this.followed.connected(!0);let i=this.lookMeanwhile(t.signal);for await(let t of je(e.body))i.stop(),clearTimeout(r),r=setTimeout(n,ze),t.id&&(this.lastEventId=t.id),t.event&&this.followed.heard(t)}finally{clearTimeout(r),e.removeEventListener(`abort`,n),t.abort()}}lookMeanwhile(e){let t=setTimeout(function n(r){r.followed.look(e).catch(()=>{}),t=setTimeout(n,Ve,r)},Be,this),n=()=>clearTimeout(t);return e.addEventListener(`abort`,n,{once:!0}),{stop:n}}};function U(e){try{let t=e.split(`.`)[1].replace(/-/g,`+`).replace(/_/g,`/`),{sub:n}=JSON.parse(atob(t));return typeof n==`string`?Ue(n):null}catch{return null}}function Ue(e){let t=2166136261;for(let n of new TextEncoder().encode(e))t=Math.imul(t^n,16777619);return(t>>>0).toString(16)}var We=class{constructor(e,t,n){this.transport=e,this.language=t,this.identityRefused=n,this.underWay=null,this.key=V()}get named(){return this.identity!==void 0}identify(e){this.identity=e,this.key=V(),this.underWay=null}open(){if(this.underWay)return this.underWay;let e=this.underWay=this.start(),t=()=>{this.underWay===e&&(this.underWay=null)};return e.then(t,t),e}async recognise(e){let t=this.identity;if(t===void 0)return null;try{let n=await this.transport.start(this.language(),this.key,t,e.token);return{started:n,at:{id:e.id,token:n.visitor_token},user:U(t)??void 0}}catch(e){return this.identityRefused(String(e)),null}finally{this.told(t)}}async start(){let e=this.identity;try{let t=await this.transport.start(this.language(),this.key,e),n={started:t,at:await this.place(t,e),user:e&&U(e)||void 0};return this.told(e),n}catch(t){if(!(t instanceof z)||t.passing||e===void 0)throw t;return this.told(e),this.identityRefused(t.message),this.start()}}told(e){this.identity===e&&(this.identity=void 0,this.key=V())}async place(e,t){let n=e.visitor_token;return{id:(t?await this.transport.conversations(n).catch(()=>[]):[]).find(e=>e.last_message!==null&&e.state!==`closed`)?.id??e.conversation_id,token:n}}},Ge=class{constructor(e,t,n,r){this.transport=e,this.memory=t,this.credentials=n,this.changed=r,this.asked=!1}voteOn(e){return this.memory.all.votes?.[e]}async vote(e,t,n){await this.transport.vote(this.credentials(),e,t,n),this.keep(e,{rating:t,reason:n})}async takeBack(e){await this.transport.takeVoteBack(this.credentials(),e),this.keep(e,null)}async rate(e,t){await this.transport.rate(this.credentials(),e,t),this.memory.set({rated:!0}),this.ask(!1)}ask(e){this.asked=e,this.changed()}keep(e,t){let{[e]:n,...r}=this.memory.all.votes??{};this.memory.set({votes:t?{...r,[e]:t}:r}),this.changed()}},Ke=1e3,qe=4,Je=class{constructor(e,t){this.memory=e,this.deliveries=t,this.sending=!1,this.tries=0,this.running=!1}start(e){this.running=!0,window.addEventListener(`online`,()=>this.tryNow(),{signal:e}),e.addEventListener(`abort`,()=>{this.running=!1,clearTimeout(this.timer)}),this.tryNow()}add(e){this.memory.setQueue([...this.memory.queue,e]),this.tryNow()}tryNow(){this.tries=0,this.pump()}async pump(){for(clearTimeout(this.timer);this.running&&!this.sending&&this.memory.queue.length;)if(!await this.sendFirst())return}async sendFirst(){let e=this.memory.queue[0];this.sending=!0,this.tell(`sending`);try{return await this.deliveries.deliver(e),this.take(e),!0}catch(t){return t instanceof z&&!t.passing&&!t.gone?(this.take(e),this.deliveries.told(e.key,`refused`),!0):(this.wait(t instanceof z?t.retryAfterMs:0),!1)}finally{this.sending=!1,this.deliveries.settled()}}take(e){this.tries=0,this.memory.setQueue(this.memory.queue.filter(t=>t.key!==e.key))}wait(e){this.tries+=1;let t=this.tries>=qe&&navigator.onLine;if(this.tell(t?`failed`:`queued`),t||!this.running)return;let n=Math.max(e,Ke*2**Math.min(this.tries-1,5));this.timer=setTimeout(()=>void this.pump(),n)}tell(e){for(let{key:t}of this.memory.queue)this.deliveries.told(t,e)}};function Ye(e){return{key:e.id,role:e.role,text:e.text,at:e.created_at,status:`delivered`,messageId:e.id,...e.exchange_id?{exchangeId:e.exchange_id}:{}}}function W(e){return{key:e.key,role:`customer`,text:e.text,at:new Date().toISOString(),status:`sending`}}function G(e,t){return e.find(e=>e.messageId===t.id||t.exchange_id!==null&&e.exchangeId===t.exchange_id&&e.role===t.role)}function Xe(e,t){let n=t.filter(e=>e.text!==``).map(t=>{let n=G(e,t);return n?{...n,messageId:t.id}:Ye(t)}),r=new Set(n.map(e=>e.key));return[...n,...e.filter(e=>!r.has(e.key)&&!e.messageId)]}function Ze(e,t){return e.map(e=>{let n=e.role===`bot`&&!e.exchange&&t.find(({id:t})=>t===e.exchangeId);return n?{...e,exchange:n}:e})}function Qe(e,t){if(t.text===``||G(e,t))return e.map(n=>n===G(e,t)?{...n,messageId:t.id}:n);let n=e.findIndex(e=>e.status!==`delivered`||e.partial),r=n<0?e.length:n;return[...e.slice(0,r),Ye(t),...e.slice(r)]}function $e(e,t,n){let r=[];for(let i of e)i.key===t?(r.push({...i,status:`delivered`,exchangeId:n.id}),n.reply.text&&r.push(et(n))):i.exchangeId!==n.id&&!i.partial&&r.push(i);return r}function et(e){return{key:`reply-${e.id}`,role:`bot`,text:e.reply.text,at:e.created_at,status:`delivered`,exchangeId:e.id,exchange:e}}function tt(e,t,n){let r=`partial-${t}`,i=e.find(e=>e.key===r);if(i)return e.map(e=>e===i?{...e,text:e.text+n}:e);let a=e.findIndex(e=>e.key===t)+1,o={key:r,role:`bot`,text:n,at:new Date().toISOString(),status:`delivered`,partial:!0};return[...e.slice(0,a),o,...e.slice(a)]}function nt(e,t,n){return e.filter(e=>e.key!==`partial-${t}`).map(e=>e.key===t?{...e,status:n}:e)}function rt(e){return e.exchangeId??e.messageId}function it(e,t){let n=t?e.findLastIndex(e=>rt(e)===t):-1;return e.slice(n+1).filter(e=>e.role!==`customer`&&!e.partial).length}var at=class{constructor(e,t,n){this.transport=e,this.memory=t,this.audience=n,this.entries=[],this.handoff=null,this.greeting=null,this.suggestions=[],this.connected=!0,this.held=[],this.lookAgain=!1,this.replacements=0,this.running=null,this.opinions=new Ge(e,t,()=>this.credentials(),()=>n.changed()),this.opening=new We(e,()=>n.language(),e=>n.troubled(`identity`,e)),this.outbox=new Je(t,{deliver:e=>this.deliver(e),told:(e,t)=>this.setEntries(nt(this.entries,e,t)),settled:()=>this.settled()}),this.follower=new He({connect:(e,t)=>this.transport.events(this.credentials(),e,t),look:e=>this.look(e),heard:e=>this.heard(e),connected:e=>this.setConnected(e),gone:()=>this.vanish()})}get state(){return this.memory.all.state??`bot`}get unread(){return it(this.entries,this.memory.all.seen)}get waiting(){return this.entries.some(e=>e.status===`sending`)&&this.state!==`person`&&!this.entries.some(e=>e.partial)}get begun(){return this.entries.length>0}get expected(){return this.opening.named&&!this.exists}get exists(){return this.credentials()!==null}get openChoices(){let e=this.entries.filter(e=>e.role!==`system`).at(-1)?.exchange;return e?.choices.length?e:null}get started(){return this.running!==null&&!this.running.aborted}start(e){if(this.running===e)return;this.running=e,e.addEventListener(`abort`,()=>this.follower.stop());let t=new Set(this.entries.map(e=>e.key)),n=this.memory.queue.filter(({key:e,kind:n})=>n!==`handoff`&&!t.has(e));this.entries=[...this.entries,...n.map(W)],this.outbox.start(e),this.follow()}follow(){this.loadedId!==void 0&&this.loadedId!==this.memory.all.id&&(this.replaced(),this.audience.vanished()),this.started&&this.exists&&this.audience.looking()?this.follower.start():this.follower.stop()}async greet(){try{await this.opened()}catch(e){if(this.audience.troubled(`start`,String(e)),this.setConnected(!(e instanceof B)),e instanceof z&&!e.passing)throw e}}write(e){this.queue({key:V(),kind:`text`,text:e})}choose(e){this.queue({key:V(),kind:`choice`,text:e.question,answerId:e.answer_id})}askForPerson(){this.memory.queue.some(({kind:e})=>e===`handoff`)||(this.outbox.add({key:V(),kind:`handoff`,text:``}),this.audience.changed())}retry(){this.outbox.tryNow()}async leaveContact(e,t){this.handoff=await this.transport.leaveContact(await this.opened(),e,t),this.handoff={...this.handoff,contact_wanted:!1},this.audience.changed()}async remove(){let e=this.credentials();e&&await this.transport.remove(e).catch(e=>{if(!(e instanceof z&&e.gone))throw e}),this.vanish()}identify(e){let t=U(e);if(this.exists&&t!==null&&this.memory.all.user===t)return;this.memory.all.user!==void 0&&this.lose(),this.opening.identify(e);let n=this.credentials();n&&this.recognise(n)}forgetIdentity(){this.opening.identify(void 0)}async recognise(e){let t=await this.opening.recognise(e);t&&this.memory.all.id===e.id&&(this.memory.set({token:t.at.token,...t.user?{user:t.user}:{}}),this.follower.stop(),this.follow())}lose(){this.memory.forgetConversation(),this.replaced()}vanish(){this.lose(),this.audience.vanished()}see(){let e=this.entries.map(rt).findLast(e=>e!==void 0);e&&e!==this.memory.all.seen&&this.memory.set({seen:e})}queue(e){this.suggestions=[],this.setEntries([...this.entries,W(e)]),this.audience.said(`customer`,e.text,e.key),this.outbox.add(e)}credentials(){let{id:e,token:t}=this.memory.all;return e&&t?{id:e,token:t}:null}async opened(){let e=this.credentials();if(e)return e;let{replacements:t}=this,n=await this.opening.open();if(t!==this.replacements)throw new B(`the visitor was forgotten meanwhile`);return this.exists||this.begin(n),this.credentials()}begin({started:e,at:t,user:n}){this.memory.set({...t,state:`bot`,...n?{user:n}:{}}),this.loadedId=this.pastShownOf=t.id,this.greeting=e.greeting,this.begun||(this.suggestions=e.suggestions),this.setConnected(!0),this.follow()}async deliver(e){let t=await this.opened();try{e.kind===`handoff`?await this.takeHandoff(await this.transport.askForPerson(t,e.key)):this.takeExchange(e.key,await this.sent(t,e)),this.setConnected(!0)}catch(t){throw t instanceof B?this.setConnected(!1):t instanceof z&&this.audience.troubled(`message`,t.message),t instanceof z&&t.gone&&this.beginAnew(e),t}}sent(e,t){let n=t.kind===`choice`?{choice:t.answerId}:{text:t.text};return this.transport.send(e,n,t.key,e=>{this.setEntries(tt(this.entries,t.key,e))})}beginAnew(e){let t=this.memory.queue.map(e=>e.kind===`choice`?{...e,kind:`text`}:e);this.lose(),this.memory.setQueue(t.length?t:[e]),this.entries=this.memory.queue.filter(({kind:e})=>e!==`handoff`).map(W)}takeExchange(e,t){t.conversation_id===this.memory.all.id&&(this.memory.keepExchange(t),this.suggestions=t.suggestions,this.setEntries($e(this.entries,e,t)),t.reply.text&&this.audience.said(`bot`,t.reply.text,t.id),t.outcome===`handed_off`&&this.askState(`waiting`))}async takeHandoff(e){this.handoff=e,await this.askState(`waiting`),await this.look(this.running??AbortSignal.abort()).catch(()=>{})}async askState(e){let t=this.credentials();if(!t)return;let n=await this.transport.conversation(t).catch(()=>null);this.credentials()?.id===t.id&&(n?this.handoff=n.handoff:(e===`bot`||e===`closed`)&&(this.handoff=null),this.setState(n?.state??e))}async look(e){let t=this.credentials();if(!t)return;let n=this.pastShownOf!==t.id,r=await this.transport.messages(t,e);if(this.credentials()?.id!==t.id)return;let i=new Set(this.entries.flatMap(e=>[e.messageId,e.exchangeId]));if(this.loadedId=t.id,this.outbox.sending){this.lookAgain=!0;return}if(this.setEntries(Xe(this.entries,r)),this.pastShownOf=t.id,n)return;let a=r.filter(e=>!i.has(e.id)&&!i.has(e.exchange_id??e.id));for(let e of a)this.tell(e)}heard(e){let t=JSON.parse(e.data);if(e.event===`state`){let e=t.state===`waiting`&&!this.handoff;(t.state!==this.state||e)&&this.askState(t.state)}e.event===`message`&&this.holdOrTake(t)}holdOrTake(e){let t=this.entries.some(t=>t.exchangeId===e.exchange_id);e.exchange_id&&!t&&this.outbox.sending?this.held.push(e):this.takeMessage(e)}settled(){for(let e of this.held.splice(0))this.takeMessage(e);this.lookAgain&&this.running&&(this.lookAgain=!1,this.look(this.running).catch(()=>{}))}takeMessage(e){let t=this.entries.length;this.setEntries(Qe(this.entries,e)),this.entries.length>t&&this.tell(e)}tell(e){e.text&&this.audience.said(e.role,e.text,e.id)}setState(e){let t=this.state;if(e===t)return this.audience.changed();this.memory.set({state:e}),(e===`closed`||t===`person`&&e===`bot`)&&!this.memory.all.rated&&this.opinions.ask(!0),this.audience.stateChanged(e),this.audience.changed()}setConnected(e){this.connected=e,this.audience.changed()}setEntries(e){this.entries=Ze(e,this.memory.all.exchanges??[]),this.audience.changed()}replaced(){this.replacements+=1,this.follower.forget(),this.loadedId=this.memory.all.id,this.pastShownOf=void 0,this.entries=[],this.held=[],this.handoff=null,this.suggestions=[],this.greeting=null,this.opinions.ask(!1),this.audience.changed()}},ot=`a[href], button:not(:disabled), input, textarea, [tabindex='0']`;function st(e){return e instanceof ShadowRoot?e.activeElement:null}function ct(e){let t=matchMedia(`(pointer: coarse)`).matches?`h2`:`#message`;e.querySelector(t)?.focus()}function lt(e,t){let n=[...(e.querySelector(`.veil`)??e.querySelector(`.panel`))?.querySelectorAll(ot)??[]].filter(e=>e.offsetParent),[r,i]=t.shiftKey?[n[0],n.at(-1)]:[n.at(-1),n[0]];st(e)===r&&(t.preventDefault(),i?.focus())}var ut={launcher:`Chat with us`,title:`Customer service`,machine:`Automated assistant`,withPerson:`You are talking to a person`,close:`Close chat`,more:`More options`,less:`Close options`,log:`Conversation`,greeting:`Hello! I'm an automated assistant. Ask me anything, or talk to a person at any time.`,suggestions:`Suggested questions`,choices:`Choices`,message:`Message`,placeholder:`Type your question…`,send:`Send`,customer:`You`,bot:`Assistant`,agent:`Agent`,system:`Notice`,typing:`Looking for the answer…`,person:`Talk to a person`,personAsked:`A person has been asked`,personHere:`A person is here`,waiting:`We have asked our team. A person will answer here as soon as somebody is free.`,waitingAway:`Nobody is here right now. We are back on {time}.`,waitingAwayUnknown:`Nobody is here right now. Your question is kept, and a person will answer here.`,closed:`This conversation has ended. Write again to go on with it.`,startAgain:`Start a new conversation`,contactTitle:`How can we reach you?`,contactWhy:`If you leave an address, we can answer even when you have left this page. Email or phone is enough.`,contactName:`Name`,contactEmail:`Email`,contactPhone:`Phone`,contactSend:`Leave my details`,contactNeeded:`Enter an email address or a phone number.`,contactInvalid:`Please check the email address or telephone number. For example: ana@example.com, 13800138000.`,contactThanks:`Thank you. We will get back to you.`,helpful:`Helpful`,notHelpful:`Not helpful`,thanks:`Thank you for telling us.`,undo:`Undo`,undone:`Your vote is taken back.`,whatWasWrong:`What was wrong?`,wrong_answer:`Wrong answer`,not_my_question:`Not my question`,outdated:`Out of date`,incomplete:`Incomplete`,tone:`Tone`,other:`Something else`,why:`Why this answer?`,whyApproved:`People wrote and approved this text. It was chosen because it fits your question; nothing in it was made up.`,whyComposed:`It is quoted, sentence by sentence, from these approved sources:`,whyReference:`Reference`,delivered:`Delivered`,sending:`Sending…`,queued:`Will be sent when the connection is back`,failed:`Not sent`,refused:`This message could not be accepted. Please write it differently or shorter.`,retry:`Try again`,offline:`No connection. We keep trying.`,language:`Language`,download:`Download transcript`,delete:`Delete my conversation`,deleteAsk:`Delete this conversation? It is erased on our side, too, and can't be brought back.`,deleteYes:`Delete`,deleteNo:`Keep it`,deleted:`Your conversation was deleted.`,failedAction:`That did not work. Please try again.`,rate:`Rate this conversation`,rateAsk:`How did it go?`,star:`{n} of 5 stars`,rateComment:`Anything you want to add? (optional)`,rateSend:`Send rating`,rateSkip:`Not now`,rated:`Thank you for your rating.`,consentAsk:`May we keep this conversation on your device, so that it is still here on the next page?`,consentYes:`Yes, keep it`,consentNo:`No`,newTab:`(opens in a new tab)`,unread:`New messages: {n}`,transcript:`Conversation with {name}`,transcriptMachine:`Replies marked “Assistant” were given by a machine.`},dt={launcher:`在线咨询`,title:`在线客服`,machine:`自动客服助手`,withPerson:`人工客服正在为您服务`,close:`关闭对话`,more:`更多选项`,less:`收起选项`,log:`对话`,greeting:`您好！我是自动客服助手。有问题请直接问我，也可以随时转人工。`,suggestions:`推荐问题`,choices:`可选项`,message:`消息`,placeholder:`请输入您的问题…`,send:`发送`,customer:`您`,bot:`助手`,agent:`人工客服`,system:`提示`,typing:`正在查找答案…`,person:`转人工`,personAsked:`已请求人工客服`,personHere:`人工客服已接入`,waiting:`已经通知我们的客服同事，有人空闲时会在这里回复您。`,waitingAway:`客服现在不在线，{time} 上班后会查看您的消息。`,waitingAwayUnknown:`客服现在不在线。您的问题已保留，客服会在这里回复您。`,closed:`本次对话已结束，继续输入即可接着聊。`,startAgain:`开始新的对话`,contactTitle:`我们怎样联系您？`,contactWhy:`留下联系方式，您离开页面后我们也能回复。邮箱或电话填一项即可。`,contactName:`称呼`,contactEmail:`邮箱`,contactPhone:`电话`,contactSend:`提交联系方式`,contactNeeded:`请填写邮箱或电话号码。`,contactInvalid:`请检查邮箱或电话的格式，例如 ana@example.com、13800138000。`,contactThanks:`谢谢，我们会尽快与您联系。`,helpful:`有帮助`,notHelpful:`没有帮助`,thanks:`感谢您的反馈。`,undo:`撤销`,undone:`您的评价已撤销。`,whatWasWrong:`哪里不对？`,wrong_answer:`答案不对`,not_my_question:`不是我问的`,outdated:`内容过时`,incomplete:`不完整`,tone:`语气不好`,other:`其他`,why:`为什么是这个答案？`,whyApproved:`这段文字由工作人员撰写并审核。它与您的问题相符，所以被选中，没有任何编造的内容。`,whyComposed:`逐句引自以下已审核的资料：`,whyReference:`编号`,delivered:`已送达`,sending:`正在发送…`,queued:`网络恢复后自动发送`,failed:`未发送`,refused:`这条消息无法发送，请换个说法或写短一些。`,retry:`重试`,offline:`网络已断开，正在重新连接。`,language:`语言`,download:`下载聊天记录`,delete:`删除我的对话`,deleteAsk:`要删除这次对话吗？我们这边的记录也会一并删除，且无法恢复。`,deleteYes:`删除`,deleteNo:`保留`,deleted:`您的对话已删除。`,failedAction:`操作没有成功，请再试一次。`,rate:`评价本次对话`,rateAsk:`这次对话怎么样？`,star:`{n} 星，满分 5 星`,rateComment:`还有什么想补充的吗？（选填）`,rateSend:`提交评价`,rateSkip:`以后再说`,rated:`感谢您的评价。`,consentAsk:`可以把这次对话保存在您的设备上吗？这样换个页面也能继续。`,consentYes:`可以`,consentNo:`不用`,newTab:`（在新标签页打开）`,unread:`新消息：{n}`,transcript:`与{name}的对话`,transcriptMachine:`标为“助手”的回复由机器自动给出。`},ft={launcher:`線上諮詢`,title:`線上客服`,machine:`自動客服助理`,withPerson:`真人客服正在為您服務`,close:`關閉對話`,more:`更多選項`,less:`收起選項`,log:`對話`,greeting:`您好！我是自動客服助理。有問題請直接問我，也可以隨時轉接真人。`,suggestions:`推薦問題`,choices:`可選項目`,message:`訊息`,placeholder:`請輸入您的問題…`,send:`傳送`,customer:`您`,bot:`助理`,agent:`真人客服`,system:`提示`,typing:`正在尋找答案…`,person:`轉接真人客服`,personAsked:`已請求真人客服`,personHere:`真人客服已加入`,waiting:`已經通知我們的客服同仁，有人空閒時會在這裡回覆您。`,waitingAway:`客服現在不在線上，{time} 上班後會查看您的訊息。`,waitingAwayUnknown:`客服現在不在線上。您的問題已保留，客服會在這裡回覆您。`,closed:`本次對話已結束，繼續輸入即可接著聊。`,startAgain:`開始新的對話`,contactTitle:`我們怎樣聯絡您？`,contactWhy:`留下聯絡方式，您離開頁面後我們也能回覆。電子郵件或電話填一項即可。`,contactName:`稱呼`,contactEmail:`電子郵件`,contactPhone:`電話`,contactSend:`送出聯絡方式`,contactNeeded:`請填寫電子郵件或電話號碼。`,contactInvalid:`請檢查電子郵件或電話的格式，例如 ana@example.com、0912345678。`,contactThanks:`謝謝，我們會盡快與您聯絡。`,helpful:`有幫助`,notHelpful:`沒有幫助`,thanks:`感謝您的回饋。`,undo:`復原`,undone:`您的評價已收回。`,whatWasWrong:`哪裡不對？`,wrong_answer:`答案不對`,not_my_question:`不是我問的`,outdated:`內容過時`,incomplete:`不完整`,tone:`語氣不佳`,other:`其他`,why:`為什麼是這個答案？`,whyApproved:`這段文字由工作人員撰寫並審核。它與您的問題相符，所以被選中，沒有任何捏造的內容。`,whyComposed:`逐句引自以下已審核的資料：`,whyReference:`編號`,delivered:`已送達`,sending:`正在傳送…`,queued:`網路恢復後自動傳送`,failed:`未傳送`,refused:`這則訊息無法傳送，請換個說法或寫短一些。`,retry:`重試`,offline:`網路已中斷，正在重新連線。`,language:`語言`,download:`下載對話紀錄`,delete:`刪除我的對話`,deleteAsk:`要刪除這次對話嗎？我們這邊的紀錄也會一併刪除，且無法復原。`,deleteYes:`刪除`,deleteNo:`保留`,deleted:`您的對話已刪除。`,failedAction:`操作沒有成功，請再試一次。`,rate:`評價這次對話`,rateAsk:`這次對話怎麼樣？`,star:`{n} 星，滿分 5 星`,rateComment:`還有什麼想補充的嗎？（選填）`,rateSend:`送出評價`,rateSkip:`以後再說`,rated:`感謝您的評價。`,consentAsk:`可以把這次對話保存在您的裝置上嗎？這樣換個頁面也能繼續。`,consentYes:`可以`,consentNo:`不用`,newTab:`（在新分頁開啟）`,unread:`新訊息：{n}`,transcript:`與{name}的對話`,transcriptMachine:`標為「助理」的回覆由機器自動給出。`},pt=[`en`,`zh-Hans`,`zh-Hant`],mt={en:`English`,"zh-Hans":`简体中文`,"zh-Hant":`繁體中文`},ht={en:ut,"zh-Hans":dt,"zh-Hant":ft};function gt(e){let t=(e??``).toLowerCase().replace(/_/g,`-`).split(`-`);return t[0]===`en`?`en`:t[0]!==`zh`&&t[0]!==`yue`?null:t.includes(`hant`)||!t.includes(`hans`)&&t.some(e=>/^(tw|hk|mo)$/.test(e))||t[0]===`yue`?`zh-Hant`:`zh-Hans`}function _t(e){let t=pt.filter(t=>!e?.length||e.includes(yt(t)));return t.length?t:[...pt]}function vt(e,t){for(let n of e){let e=gt(n);if(e&&t.includes(e))return e}return t[0]??`en`}function yt(e){return e.split(`-`)[0]}var bt=class{constructor(e){this.values={},this.waiting=[],this.kept=!1,this.name=`kefu:${e}`;let t=K(()=>localStorage,this.name);t&&this.keep(t)}get all(){return this.values}get queue(){return this.waiting}get isKept(){return this.kept}keep(e={}){this.kept||(this.kept=!0,this.values={...e,...this.values},this.waiting=[...K(()=>sessionStorage,this.name)??[],...this.waiting],this.write())}set(e){this.values={...this.values,...e},this.write()}keepExchange(e){let t=(this.values.exchanges??[]).filter(({id:t})=>t!==e.id);this.set({exchanges:[...t,e].slice(-20)})}setQueue(e){this.waiting=[...e],this.write()}forgetConversation(){let{locale:e,consent:t}=this.values;this.values={...e?{locale:e}:{},...t?{consent:t}:{}},this.waiting=[],this.write()}forgetAll(){this.values={},this.waiting=[],this.forgetStored()}forgetStored(){this.kept=!1,q(()=>localStorage,this.name),q(()=>sessionStorage,this.name)}watch(e,t){window.addEventListener(`storage`,t=>{if(t.key!==this.name||t.storageArea!==localStorage)return;let n=K(()=>localStorage,this.name);this.values=n??{},this.kept=n!==null||this.kept,e()},{signal:t})}write(){this.kept&&(xt(()=>localStorage,this.name,this.values,Object.keys(this.values).length),xt(()=>sessionStorage,this.name,this.waiting,this.waiting.length))}};function K(e,t){try{return JSON.parse(e().getItem(t)??`null`)}catch{return null}}function xt(e,t,n,r){if(r===0)return q(e,t);try{e().setItem(t,JSON.stringify(n))}catch{}}function q(e,t){try{e().removeItem(t)}catch{}}var St=24;function Ct(e){let t=e.querySelector(`.log`),n=[...t?.querySelectorAll(`.entry`)??[]].at(-1);t&&n&&(t.scrollTop=n.offsetHeight>t.clientHeight-24?n.offsetTop-12:t.scrollHeight)}var wt=class{constructor(){this.log=null,this.height=0,this.observer=new ResizeObserver(()=>this.resized())}watch(e){let t=e.querySelector(`.log`);t!==this.log&&(this.observer.disconnect(),this.log=t,this.height=t?.clientHeight??0,t&&this.observer.observe(t))}resized(){let e=this.log,t=Math.abs(e.scrollHeight-e.scrollTop-this.height)<St;this.height=e.clientHeight,t&&!e.querySelector(`:focus`)&&(e.scrollTop=e.scrollHeight)}};function Tt(e,t){let n=e.querySelector(`.log`),r=e.querySelector(t)?.getBoundingClientRect();if(!n||!r)return;let i=n.getBoundingClientRect();n.scrollTop+=Math.max(Math.min(r.bottom+12-i.bottom,r.top-i.top),0)}var Et=15e3,Dt=3e5,Ot=class{constructor(e,t){this.transport=e,this.answered=t,this.settings={},this.available=!1}async ask(e){for(let t=Et;!e.aborted;t=Math.min(t*2,Dt))try{this.settings=await this.transport.siteSettings(e)??{},this.available=!0,this.answered();return}catch{await Ae(t,e)}}},kt=o`
  :host {
    all: initial !important;
    display: block !important;
    position: fixed !important;
    inset: auto 0 0 auto !important;
    width: 0 !important;
    height: 0 !important;
    overflow: visible !important;
    z-index: var(--kefu-z-index, 2147483000) !important;
  }
  :host([mode="inline"]) {
    position: relative !important;
    inset: auto !important;
    width: 100% !important;
    height: var(--kefu-height, 40em) !important;
    z-index: auto !important;
  }
  @media print {
    :host {
      display: none !important;
    }
  }
  .root {
    --accent: var(--kefu-accent, #0f5bd7);
    --on-accent: var(--kefu-on-accent, #fff);
    --paper: var(--kefu-surface, #fff);
    --back: var(--kefu-background, #f5f6f9);
    --ink: var(--kefu-text, #191d26);
    --faint: var(--kefu-text-faint, #596273);
    --line: var(--kefu-border, #d9dde6);
    --link: var(--kefu-link, var(--accent));
    --head: var(--accent);
    --on-head: var(--on-accent);
    --own: var(--accent);
    --on-own: var(--on-accent);
    --warn: #a3260b;
    --soft: color-mix(in srgb, var(--accent) 9%, var(--paper));
    --radius: var(--kefu-radius, 1.1em);
    color-scheme: light;
    color: var(--ink);
    font: 1em/1.5 var(--kefu-font, system-ui, "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif);
    font-size: var(--kefu-font-size, 0.9375em);
    text-align: start;
  }
  .root:lang(zh-Hant) {
    font-family: var(--kefu-font, system-ui, "PingFang TC", "Noto Sans CJK TC", "Microsoft JhengHei", sans-serif);
  }
  .root[data-theme="dark"] {
    --brand: var(--kefu-accent, #0f5bd7);
    --accent: var(--kefu-accent-dark, color-mix(in oklab, var(--brand) 50%, #fff));
    --on-accent: var(--kefu-on-accent-dark, #0a1322);
    --paper: var(--kefu-surface-dark, #1b1f28);
    --back: var(--kefu-background-dark, #12151b);
    --ink: var(--kefu-text-dark, #eceff5);
    --faint: var(--kefu-text-faint-dark, #a6afbf);
    --line: var(--kefu-border-dark, #353c4a);
    --link: var(--kefu-link-dark, var(--accent));
    --head: color-mix(in oklab, var(--brand) 50%, #12151b);
    --on-head: #fff;
    --own: color-mix(in oklab, var(--brand) 60%, #12151b);
    --on-own: #fff;
    --warn: #ffb3a0;
    --soft: color-mix(in srgb, var(--accent) 14%, var(--paper));
    color-scheme: dark;
  }
  *,
  *::before {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  button,
  input,
  textarea {
    font: inherit;
    color: inherit;
    margin: 0;
  }
  button {
    min-width: 2em;
    min-height: 2em;
    padding: 0.3em 0.85em;
    border: 1px solid var(--line);
    border-radius: 999px;
    background: var(--paper);
    cursor: pointer;
    text-align: start;
    transition: background 0.12s, border-color 0.12s;
  }
  button:hover:not(:disabled, [aria-disabled="true"]) {
    border-color: var(--accent);
    background: var(--soft);
  }
  button:disabled,
  button[aria-disabled="true"] {
    cursor: default;
    color: var(--faint);
  }
  button[aria-pressed="true"] {
    border-color: var(--accent);
    background: var(--soft);
    color: var(--link);
  }
  button.plain,
  button.round {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.4em;
    border-color: transparent;
    background: none;
  }
  button.round {
    padding: 0;
    width: 2.4em;
    height: 2.4em;
    flex: none;
  }
  button.plain {
    padding-inline: 0.5em;
    color: var(--faint);
    font-size: 0.9em;
    min-height: 2.1em;
  }
  button.main {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
  }
  button.main:hover:not(:disabled) {
    background: color-mix(in srgb, var(--accent) 88%, var(--ink));
  }
  :focus-visible {
    outline: 3px solid var(--link);
    outline-offset: 2px;
  }
  svg {
    width: 1.25em;
    height: 1.25em;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.8;
    stroke-linecap: round;
    stroke-linejoin: round;
    flex: none;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  /* Launcher and panel */
  .launcher {
    position: fixed;
    inset-block-end: calc(var(--kefu-offset-y, 20px) + env(safe-area-inset-bottom, 0px));
    inset-inline-end: var(--kefu-offset-x, 20px);
    display: flex;
    align-items: center;
    justify-content: center;
    width: 3.9em;
    height: 3.9em;
    padding: 0;
    border: 1px solid transparent;
    border-radius: 50%;
    background: var(--accent);
    color: var(--on-accent);
    box-shadow: 0 6px 24px rgb(0 0 0 / 25%);
  }
  .launcher:hover:not(:disabled) {
    background: color-mix(in srgb, var(--accent) 88%, #000);
  }
  .launcher:focus-visible {
    outline: 3px solid var(--paper);
    box-shadow: 0 0 0 6px var(--accent);
  }
  .launcher svg {
    width: 1.75em;
    height: 1.75em;
  }
  .badge {
    position: absolute;
    inset-block-start: -0.25em;
    inset-inline-end: -0.25em;
    min-width: 1.6em;
    padding: 0 0.4em;
    border: 2px solid var(--paper);
    border-radius: 999px;
    background: #c4261d;
    color: #fff;
    font-size: 0.85em;
    font-weight: 600;
    text-align: center;
  }
  .panel {
    position: fixed;
    inset-block-end: calc(var(--kefu-offset-y, 20px) + env(safe-area-inset-bottom, 0px));
    inset-inline-end: var(--kefu-offset-x, 20px);
    display: flex;
    flex-direction: column;
    width: min(26em, calc(100vw - 2 * var(--kefu-offset-x, 20px)));
    height: min(42em, calc(100dvh - 2 * var(--kefu-offset-y, 20px)));
    overflow: hidden;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--back);
    box-shadow: 0 12px 48px rgb(0 0 0 / 22%);
  }
  .left .launcher,
  .left .panel {
    inset-inline: var(--kefu-offset-x, 20px) auto;
  }
  .inline .panel {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    box-shadow: none;
  }
  .full-screen .panel {
    inset: 0;
    width: 100%;
    height: 100%;
    border: 0;
    border-radius: 0;
    box-shadow: none;
  }
  .full-screen .panel > * {
    padding-inline: max(1em, calc((100% - 46em) / 2));
  }

  header {
    display: flex;
    align-items: center;
    gap: 0.7em;
    padding: 0.75em 0.6em 0.75em 1em;
    background: var(--head);
    color: var(--on-head);
    border-block-end: 1px solid transparent;
  }
  header .round:hover:not(:disabled) {
    border-color: currentColor;
    background: color-mix(in srgb, var(--on-head) 16%, transparent);
  }
  header .round[aria-expanded="true"] {
    background: color-mix(in srgb, var(--on-head) 20%, transparent);
    color: inherit;
  }
  header :focus-visible {
    outline-color: var(--on-head);
    outline-offset: -3px;
  }
  .names {
    flex: 1;
    min-width: 0;
    overflow-wrap: anywhere;
  }
  h2 {
    margin: 0;
    font-size: 1.08em;
    font-weight: 650;
    line-height: 1.3;
  }
  .names p {
    margin: 0;
    font-size: 0.85em;
  }
  .face {
    display: grid;
    place-items: center;
    width: 2.5em;
    height: 2.5em;
    flex: none;
    border-radius: 50%;
    background: color-mix(in srgb, var(--on-head) 18%, transparent);
  }

  .menu {
    padding: 0.8em 1em;
    border-block-end: 1px solid var(--line);
    background: var(--paper);
  }
  .menu > * {
    display: flex;
    flex-wrap: wrap;
    gap: 0.4em;
    align-items: center;
  }
  .menu > * + * {
    margin-block-start: 0.6em;
  }
  .menu .label {
    width: 100%;
    color: var(--faint);
    font-size: 0.85em;
  }
  .menu .rows {
    flex-direction: column;
    align-items: stretch;
    gap: 0.1em;
  }
  .menu .rows button {
    display: flex;
    align-items: center;
    gap: 0.6em;
    padding: 0.45em 0.5em;
    border-color: transparent;
    border-radius: 0.6em;
  }
  .menu .rows button.danger {
    color: var(--warn);
  }

  .banner {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.3em 0.6em;
    padding: 0.6em 1em;
    border-block-end: 1px solid var(--line);
    background: var(--soft);
  }
  .banner > * {
    font-size: 0.92em;
  }
  .banner p {
    flex: 1 1 12em;
    margin: 0;
  }
  .banner.trouble {
    color: var(--warn);
    background: var(--paper);
  }
  .banner .buttons {
    display: flex;
    gap: 0.4em;
  }
`,At=o`
  .log {
    position: relative;
    flex: 1;
    min-height: 4em;
    overflow-y: auto;
    overscroll-behavior: contain;
    display: flex;
    flex-direction: column;
    gap: 0.7em;
    padding: 1em;
    scrollbar-width: thin;
    scrollbar-color: var(--line) transparent;
  }
  .log:focus-visible {
    outline-offset: -3px;
  }
  .entry {
    display: flex;
    flex-direction: column;
    align-items: flex-start;
    max-width: 88%;
  }
  .entry.customer {
    align-self: flex-end;
    align-items: flex-end;
  }
  .entry.system {
    align-self: center;
    align-items: center;
    max-width: 94%;
  }
  .who {
    margin-block-end: 0.15em;
    color: var(--faint);
    font-size: 0.82em;
  }
  .bubble {
    padding: 0.6em 0.9em;
    border: 1px solid var(--line);
    border-radius: 1.1em 1.1em 1.1em 0.3em;
    background: var(--paper);
    overflow-wrap: anywhere;
    unicode-bidi: isolate;
  }
  .customer .bubble {
    border-color: transparent;
    border-radius: 1.1em 1.1em 0.3em 1.1em;
    background: var(--own);
    color: var(--on-own);
    white-space: pre-wrap;
  }
  .agent .bubble {
    border-color: var(--accent);
  }
  .system .bubble {
    padding: 0.35em 0.9em;
    border-style: dashed;
    border-radius: 0.9em;
    background: none;
    color: var(--faint);
    font-size: 0.9em;
    text-align: center;
  }
  .bubble p,
  .bubble ul,
  .bubble ol {
    margin: 0;
  }
  .bubble * + p,
  .bubble * + ul,
  .bubble * + ol {
    margin-block-start: 0.5em;
  }
  .bubble ul,
  .bubble ol {
    padding-inline-start: 1.4em;
  }
  a {
    color: var(--link);
    text-underline-offset: 0.15em;
  }
  .mark {
    display: flex;
    align-items: center;
    gap: 0.5em;
    margin-block-start: 0.15em;
    color: var(--faint);
    font-size: 0.82em;
  }
  .mark.trouble {
    color: var(--warn);
  }
  .actions,
  .choices,
  .suggestions,
  .chips {
    display: flex;
    flex-wrap: wrap;
    gap: 0.35em;
  }
  .actions {
    align-items: center;
    margin-block-start: 0.2em;
  }
  .actions .round {
    width: 2em;
    height: 2em;
    color: var(--faint);
  }
  .actions .round[aria-pressed="true"] {
    color: var(--link);
    background: var(--soft);
    border-color: var(--link);
  }
  .choices {
    flex-direction: column;
    align-items: flex-start;
    margin-block-start: 0.5em;
  }
  .choices button,
  .suggestions button {
    border-color: var(--accent);
    border-radius: 1.1em;
    color: var(--link);
  }
  .choices button:disabled {
    border-color: var(--line);
    color: var(--faint);
  }
  .reasons {
    margin-block-start: 0.4em;
    padding: 0.6em 0.8em;
    border: 1px solid var(--line);
    border-radius: 0.9em;
    background: var(--paper);
    font-size: 0.92em;
  }
  .reasons p {
    margin: 0 0 0.4em;
  }
  .why {
    max-width: 100%;
    margin-block-start: 0.4em;
    padding: 0.6em 0.8em;
    border-inline-start: 3px solid var(--accent);
    background: var(--paper);
    font-size: 0.88em;
    overflow-wrap: anywhere;
  }
  .why p {
    margin: 0;
  }
  .why ol {
    margin: 0.3em 0 0;
    padding-inline-start: 1.4em;
  }
  .why .reference {
    margin-block-start: 0.4em;
    color: var(--faint);
  }
  .why .source {
    display: block;
  }
  .typing {
    display: flex;
    gap: 0.3em;
    padding: 0.85em 1em;
  }
  .typing i {
    width: 0.45em;
    height: 0.45em;
    border: 1px solid transparent;
    border-radius: 50%;
    background: var(--faint);
  }
  .suggestions {
    padding: 0 1em 0.8em;
  }

  .card {
    display: flex;
    flex-direction: column;
    gap: 0.6em;
    padding: 0.9em 1em;
    border: 1px solid var(--line);
    border-radius: 1em;
    background: var(--paper);
  }
  .card h3 {
    margin: 0;
    font-size: 1em;
    font-weight: 650;
  }
  .card p {
    margin: 0;
    color: var(--faint);
    font-size: 0.9em;
  }
  .card p.trouble {
    color: var(--warn);
  }
  .card label {
    display: flex;
    flex-direction: column;
    gap: 0.15em;
    font-size: 0.9em;
  }
  .card .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: 0.4em;
  }
  input,
  textarea {
    width: 100%;
    padding: 0.55em 0.8em;
    border: 1px solid var(--faint);
    border-radius: 0.8em;
    background: var(--paper);
    font-size: max(16px, 1em);
    line-height: 1.4;
  }
  textarea {
    resize: none;
    max-height: 8.5em;
    field-sizing: content;
  }
  ::placeholder {
    color: var(--faint);
    opacity: 1;
  }
  .stars {
    display: flex;
    gap: 0.1em;
    border: 0;
    margin: 0;
    padding: 0;
  }
  .stars label {
    position: relative;
    display: grid;
    place-items: center;
    width: 2.4em;
    height: 2.4em;
    border-radius: 50%;
    color: var(--faint);
    font-size: 1em;
    cursor: pointer;
  }
  .stars svg {
    width: 1.7em;
    height: 1.7em;
  }
  .stars .lit {
    color: var(--link);
  }
  .stars .lit svg {
    fill: currentColor;
  }
  .stars input {
    position: absolute;
    inset: 0;
    height: 100%;
    opacity: 0;
    cursor: pointer;
  }
  .stars label:focus-within {
    outline: 3px solid var(--link);
    outline-offset: -2px;
  }

  .composer {
    display: flex;
    align-items: flex-end;
    gap: 0.5em;
    padding: 0.7em 0.8em 0.3em 1em;
    border-block-start: 1px solid var(--line);
    background: var(--paper);
  }
  .composer textarea {
    flex: 1;
    min-height: 2.6em;
    border-radius: 1.3em;
  }
  .composer .main {
    width: 2.75em;
    height: 2.75em;
  }
  .foot {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 0 0.6em;
    padding: 0 1em calc(0.5em + env(safe-area-inset-bottom, 0px));
    background: var(--paper);
    color: var(--faint);
  }
  .foot > *,
  .foot button.plain {
    font-size: 0.9em;
  }
  .foot button.plain {
    margin-inline-start: -0.5em;
    color: var(--link);
  }
  .foot button.plain[aria-disabled="true"] {
    color: var(--faint);
  }
  .foot p {
    margin: 0;
  }
  .veil {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    padding: 1em;
    background: rgb(0 0 0 / 45%);
  }
  .veil .card {
    max-width: 24em;
    box-shadow: 0 8px 32px rgb(0 0 0 / 30%);
  }
  .veil .card p {
    color: var(--ink);
    font-size: 1em;
  }
  button.danger {
    border-color: var(--warn);
    color: var(--warn);
  }

  @media (max-width: 480px) {
    .floating .panel {
      inset: 0;
      width: 100%;
      height: var(--kefu-seen-height, 100dvh);
      border: 0;
      border-radius: 0;
      box-shadow: none;
    }
  }
  @media (prefers-reduced-motion: no-preference) {
    .floating .panel {
      animation: rise 0.16s ease-out;
    }
    .typing i {
      animation: beat 1.2s infinite ease-in-out;
    }
    .typing i:nth-child(2) {
      animation-delay: 0.15s;
    }
    .typing i:nth-child(3) {
      animation-delay: 0.3s;
    }
    @keyframes rise {
      from {
        opacity: 0;
        transform: translateY(12px);
      }
    }
    @keyframes beat {
      30% {
        opacity: 0.3;
      }
    }
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
    }
  }
  @media (forced-colors: active) {
    .launcher,
    header,
    .customer .bubble,
    button.main,
    .badge {
      border-color: CanvasText;
    }
    button[aria-pressed="true"],
    .stars .lit {
      forced-color-adjust: none;
      background: Highlight;
      color: HighlightText;
    }
    :focus-visible,
    .launcher:focus-visible {
      outline-color: Highlight;
    }
  }
`,J={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},jt=e=>(...t)=>({_$litDirective$:e,values:t}),Mt=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,t,n){this._$Ct=e,this._$AM=t,this._$Ci=n}_$AS(e,t){return this.update(e,t)}update(e,t){return this.render(...t)}},{I:Nt}=Ee,Pt=e=>e,Ft=e=>e.strings===void 0,It=()=>document.createComment(``),Y=(e,t,n)=>{let r=e._$AA.parentNode,i=t===void 0?e._$AB:t._$AA;if(n===void 0)n=new Nt(r.insertBefore(It(),i),r.insertBefore(It(),i),e,e.options);else{let t=n._$AB.nextSibling,a=n._$AM,o=a!==e;if(o){let t;n._$AQ?.(e),n._$AM=e,n._$AP!==void 0&&(t=e._$AU)!==a._$AU&&n._$AP(t)}if(t!==i||o){let e=n._$AA;for(;e!==t;){let t=Pt(e).nextSibling;Pt(r).insertBefore(e,i),e=t}}}return n},X=(e,t,n=e)=>(e._$AI(t,n),e),Lt={},Rt=(e,t=Lt)=>e._$AH=t,zt=e=>e._$AH,Bt=e=>{e._$AR(),e._$AA.remove()},Vt=jt(class extends Mt{constructor(){super(...arguments),this.key=j}render(e,t){return this.key=e,t}update(e,[t,n]){return t!==this.key&&(Rt(e),this.key=t),n}}),Ht=[`email`,`phone`];function Ut(e,t){t.preventDefault();let n=e.draft.trim();n&&(e.draft=``,e.notice=``,e.requestUpdate(),e.conversation.write(n))}function Wt(e,t){e.conversation.write(t),e.focusAfterPress(`#message`)}function Gt(e,t){e.conversation.choose(t),e.focusAfterPress(`#message`)}function Kt(e){e.notice=``,e.conversation.askForPerson()}function qt(e,t,n,r){return Z(e,async()=>{await e.conversation.opinions.vote(t,n,r),e.thanked.add(t),e.emit(`feedback`,{exchangeId:t,rating:n,reason:r}),e.announce(n===`down`&&!r?e.texts.whatWasWrong:e.texts.thanks),e.revealAfterPress(`#wrong-${t}, #thanks-${t}`),r&&e.focusAfterPress(`[data-vote="${t}"] [aria-pressed="true"]`)})}function Jt(e,t){return Z(e,async()=>{await e.conversation.opinions.takeBack(t),e.thanked.delete(t),e.emit(`feedback`,{exchangeId:t,rating:null,reason:null}),e.announce(e.texts.undone),e.focusAfterPress(`[data-vote="${t}"] button`)})}function Yt(e,t){e.explained.delete(t)||e.explained.add(t),e.revealAfterPress(`#why-${t}`)}function Xt(e){e.conversation.opinions.ask(!0),e.menu=!1,e.revealAfterPress(`#rating`),e.focusAfterPress(`.stars input`)}function Zt(e,t){e.ratingDraft.stars=t,e.requestUpdate()}function Qt(e){e.conversation.opinions.ask(!1),e.focusAfterPress(`#message`)}function $t(e,t){t.preventDefault();let{stars:n,comment:r}=e.ratingDraft;return Z(e,async()=>{await e.conversation.opinions.rate(n,r.trim()),e.ratingDraft={stars:0,comment:``},e.tell(e.texts.rated),e.focusAfterPress(`#message`)})}function en(e,t){t.preventDefault();let n=an(t);return!n.email&&!n.phone?(tn(e,e.texts.contactNeeded,[`email`,`phone`]),Promise.resolve()):(e.contactTrouble=``,e.contactWrong=[],Z(e,async()=>{try{await e.conversation.leaveContact(n,V())}catch(t){if(!(t instanceof z)||t.status!==422)throw t;let r=Ht.filter(e=>n[e]),i=r.filter(e=>t.fields.includes(e));return tn(e,e.texts.contactInvalid,i.length?i:r)}e.contactDraft={},e.tell(e.texts.contactThanks),e.focusAfterPress(`#message`)}))}function tn(e,t,n){e.contactTrouble=t,e.contactWrong=n,e.announce(t),e.focusOn(`input[name=${n[0]}]`),e.revealAfterPress(`#contact-trouble`)}function nn(e){return e.deleting=!1,e.focusAfterPress(`#message`),Z(e,async()=>{await e.conversation.remove(),e.tell(e.texts.deleted)})}function rn(e){e.conversation.lose(),e.forgetOpen(),e.focusAfterPress(`#message`)}async function Z(e,t){try{await t()}catch(t){e.tell(e.texts.failedAction),e.emit(`error`,{what:`action`,detail:String(t)})}}function an(e){let t=[...new FormData(e.target)].map(([e,t])=>[e,String(t).trim()]);return Object.fromEntries(t.filter(([,e])=>e!==``))}function Q(e){return O`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">${e}</svg>`}var $={chat:Q(k`<path d="M4 5.5h16v11H10l-4.5 3.5v-3.5H4z"/><path d="M8.5 9.5h7M8.5 12.7h4.5"/>`),close:Q(k`<path d="M6 6l12 12M18 6L6 18"/>`),more:Q(k`<path d="M5.5 12h.01M12 12h.01M18.5 12h.01" stroke-width="3"/>`),send:Q(k`<path d="M12 19V5.5M6 11l6-6 6 6"/>`),up:Q(k`<path d="M7.5 11v8.5H4V11zM7.5 11l4-7c1.5 0 2.5 1 2.5 2.5V10h4.5c1 0 1.7.9 1.5 1.9l-1.2 6.2c-.2.9-.9 1.4-1.7 1.4H7.5"/>`),down:Q(k`<path d="M7.5 13V4.5H4V13zM7.5 13l4 7c1.5 0 2.5-1 2.5-2.5V14h4.5c1 0 1.7-.9 1.5-1.9l-1.2-6.2c-.2-.9-.9-1.4-1.7-1.4H7.5"/>`),person:Q(k`<circle cx="12" cy="8" r="3.7"/><path d="M5 19.5c.8-3.6 3.5-5.5 7-5.5s6.2 1.9 7 5.5"/>`),bot:Q(k`<rect x="4.5" y="8" width="15" height="10.5" rx="3"/><path d="M12 8V4.8M9.3 12.7v.8M14.7 12.7v.8"/>`),star:Q(k`<path d="M12 4l2.5 5.1 5.6.8-4 4 .9 5.6L12 16.8l-5 2.7.9-5.6-4-4 5.6-.8z"/>`),download:Q(k`<path d="M12 4.5v10M7.5 10.5l4.5 4.5 4.5-4.5M5 19.5h14"/>`),remove:Q(k`<path d="M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7"/>`)};function on(e){let t=URL.createObjectURL(new Blob([sn(e)],{type:`text/plain;charset=utf-8`})),n=document.createElement(`a`);n.href=t,n.download=`kefu-${new Date().toISOString().slice(0,10)}.txt`,n.click(),URL.revokeObjectURL(t)}function sn({conversation:e,texts:t,spoken:n,name:r}){let i=new Intl.DateTimeFormat(n,{dateStyle:`medium`,timeStyle:`short`}),a=e.entries.map(e=>`[${i.format(new Date(e.at))}] ${t[e.role]}: ${e.text}`);return`\ufeff${t.transcript.replace(`{name}`,r)}\n${t.transcriptMachine}\n\n${a.join(`

`)}\n`}var cn=jt(class extends Mt{constructor(e){if(super(e),e.type!==J.PROPERTY&&e.type!==J.ATTRIBUTE&&e.type!==J.BOOLEAN_ATTRIBUTE)throw Error("The `live` directive is not allowed on child or event bindings");if(!Ft(e))throw Error("`live` bindings can only contain a single expression")}render(e){return e}update(e,[t]){if(t===A||t===j)return t;let n=e.element,r=e.name;if(e.type===J.PROPERTY){if(t===n[r])return A}else if(e.type===J.BOOLEAN_ATTRIBUTE){if(!!t===n.hasAttribute(r))return A}else if(e.type===J.ATTRIBUTE&&n.getAttribute(r)===t+``)return A;return Rt(e),t}}),ln=4e3;function un(e){let{texts:t}=e;return O`<form class="composer" @submit=${t=>Ut(e,t)}>
    <textarea
      id="message"
      rows="1"
      maxlength=${ln}
      aria-label=${t.message}
      placeholder=${t.placeholder}
      enterkeyhint="send"
      autocomplete="off"
      .value=${cn(e.draft)}
      @input=${t=>e.draft=t.target.value}
      @keydown=${dn}
    ></textarea>
    <button type="submit" class="main round" aria-label=${t.send} title=${t.send}>${$.send}</button>
  </form>`}function dn(e){e.key!==`Enter`||e.shiftKey||e.isComposing||e.keyCode===229||(e.preventDefault(),e.target.form.requestSubmit())}function fn(e){let{texts:t}=e,{state:n}=e.conversation,r=n===`waiting`||n===`person`,i=n===`waiting`?t.personAsked:n===`person`?t.personHere:t.person;return O`<div class="foot">
    <button
      type="button"
      class="plain"
      aria-disabled=${r?`true`:j}
      @click=${()=>r?void 0:Kt(e)}
    >
      ${$.person} ${i}
    </button>
    ${e.notice?O`<p>${e.notice}</p>`:j}
  </div>`}function pn(e){let{texts:t}=e;return O`<div class="veil">
    <div class="card" role="alertdialog" aria-modal="true" aria-labelledby="delete" aria-describedby="delete-ask">
      <h3 id="delete">${t.delete}</h3>
      <p id="delete-ask">${t.deleteAsk}</p>
      <div class="buttons">
        <button type="button" id="keep" @click=${()=>e.askToDelete(!1)}>${t.deleteNo}</button>
        <button type="button" class="danger" @click=${()=>nn(e)}>${t.deleteYes}</button>
      </div>
    </div>
  </div>`}function mn(e){let{texts:t,conversation:n}=e;if(n.state===`closed`)return t.closed;if(n.state!==`waiting`)return null;let{handoff:r}=n;return r?.people_online===!1?r.opens_at?t.waitingAway.replace(`{time}`,hn(r.opens_at,e.spoken)):t.waitingAwayUnknown:t.waiting}function hn(e,t){return new Intl.DateTimeFormat(t,{weekday:`long`,day:`numeric`,month:`long`,hour:`numeric`,minute:`2-digit`}).format(new Date(e))}function gn(e){let{texts:t,conversation:n}=e;if(n.state===`person`||n.state===`closed`||!n.handoff?.contact_wanted)return j;let r=(t,n,r,i)=>O`<label>
    ${n}<input
      name=${t}
      type=${r}
      autocomplete=${i}
      maxlength="200"
      aria-invalid=${e.contactWrong.includes(t)?`true`:j}
      aria-describedby=${e.contactWrong.includes(t)?`contact-trouble`:j}
      .value=${cn(e.contactDraft[t]??``)}
      @input=${n=>e.contactDraft[t]=n.target.value}
    />
  </label>`;return O`<form class="card" novalidate @submit=${t=>en(e,t)}>
    <h3>${t.contactTitle}</h3>
    <p>${t.contactWhy}</p>
    ${r(`name`,t.contactName,`text`,`name`)} ${r(`email`,t.contactEmail,`email`,`email`)}
    ${r(`phone`,t.contactPhone,`tel`,`tel`)}
    ${e.contactTrouble?O`<p class="trouble" id="contact-trouble">${e.contactTrouble}</p>`:j}
    <div class="buttons"><button type="submit" class="main">${t.contactSend}</button></div>
  </form>`}var _n=(e,t,n)=>{let r=new Map;for(let i=t;i<=n;i++)r.set(e[i],i);return r},vn=jt(class extends Mt{constructor(e){if(super(e),e.type!==J.CHILD)throw Error(`repeat() can only be used in text expressions`)}dt(e,t,n){let r;n===void 0?n=t:t!==void 0&&(r=t);let i=[],a=[],o=0;for(let t of e)i[o]=r?r(t,o):o,a[o]=n(t,o),o++;return{values:a,keys:i}}render(e,t,n){return this.dt(e,t,n).values}update(e,[t,n,r]){let i=zt(e),{values:a,keys:o}=this.dt(t,n,r);if(!Array.isArray(i))return this.ut=o,a;let s=this.ut??=[],c=[],l,u,d=0,f=i.length-1,p=0,m=a.length-1;for(;d<=f&&p<=m;)if(i[d]===null)d++;else if(i[f]===null)f--;else if(s[d]===o[p])c[p]=X(i[d],a[p]),d++,p++;else if(s[f]===o[m])c[m]=X(i[f],a[m]),f--,m--;else if(s[d]===o[m])c[m]=X(i[d],a[m]),Y(e,c[m+1],i[d]),d++,m--;else if(s[f]===o[p])c[p]=X(i[f],a[p]),Y(e,i[d],i[f]),f--,p++;else if(l===void 0&&(l=_n(o,p,m),u=_n(s,d,f)),l.has(s[d])){if(l.has(s[f])){let t=u.get(o[p]),n=t===void 0?null:i[t];if(n===null){let t=Y(e,i[d]);X(t,a[p]),c[p]=t}else c[p]=X(n,a[p]),Y(e,i[d],n),i[t]=null;p++}else Bt(i[f]),f--}else Bt(i[d]),d++;for(;p<=m;){let t=Y(e,c[m+1]);X(t,a[p]),c[p++]=t}for(;d<=f;){let e=i[d++];e!==null&&Bt(e)}return this.ut=o,Rt(e,c),A}}),yn=/^\s{0,3}[-*•·]\s+(.*)$/,bn=/^\s{0,3}(\d{1,3})(?:[.)]\s+|、)(.*)$/,xn=new Set([`http:`,`https:`,`mailto:`,`tel:`]),Sn=/\b(?:https?:\/\/|mailto:|tel:\+?\d)[^\s<>"'`{}|\\^、。，；：？！（）《》「」『』“”‘’【】\u3400-\u9fff]*/gi,Cn=/\[([^[\]\n]{1,200})\]\(([^()\s]{1,2000}(?:\([^()\s]{0,200}\)[^()\s]{0,2000})?)\)/g;function wn(e){let t=[],n=null;for(let r of e.replace(/\r\n?/g,`
`).split(`
`)){let e=yn.exec(r),i=bn.exec(r);e?(n=null,Tn(t,null,En(e[1]))):i?(n=null,Tn(t,Number(i[1]),En(i[2]))):r.trim()===``?n=null:(n||t.push({kind:`paragraph`,lines:n=[]}),n.push(En(r)))}return t}function Tn(e,t,n){let r=e.at(-1),i=r?.kind===`list`&&r.first!==null?r.first+r.items.length:null;r?.kind===`list`&&i===t?r.items.push(n):e.push({kind:`list`,first:t,items:[n]})}function En(e){let t=[],n=0;for(let r of e.matchAll(Cn)){let i=kn(r[2]);i===null||An(r[1],i)||(t.push(...Dn(e.slice(n,r.index)),{kind:`link`,text:r[1],href:i}),n=r.index+r[0].length)}return[...t,...Dn(e.slice(n))]}function Dn(e){let t=[],n=0;for(let r of e.matchAll(Sn)){let i=On(r[0]),a=kn(i);a!==null&&(r.index>n&&t.push({kind:`text`,text:e.slice(n,r.index)}),t.push({kind:`link`,text:i,href:a}),n=r.index+i.length)}return n<e.length&&t.push({kind:`text`,text:e.slice(n)}),t}function On(e){let t=e.replace(/[.,;:!?*_~\]]+$/,``);for(;t.endsWith(`)`)&&!t.includes(`(`);)t=t.slice(0,-1).replace(/[.,;:!?]+$/,``);return t}function kn(e){try{let t=new URL(e);return!xn.has(t.protocol)||t.username||t.password?null:t.href}catch{return null}}function An(e,t){let n=/(?:https?:\/\/)?((?:[\w-]+\.)+[a-z]{2,})/i.exec(e)?.[1]?.toLowerCase();if(n===void 0)return!1;let r=new URL(t),i=r.protocol===`mailto:`?r.pathname.split(`@`).at(-1)??``:r.hostname;return i!==n&&!i.endsWith(`.${n}`)}function jn(e){return/^https?:\/\//i.test(e)?kn(e):null}var Mn=[`wrong_answer`,`not_my_question`,`outdated`,`incomplete`,`tone`,`other`],Nn=[1,2,3,4,5];function Pn(e,t){let{texts:n}=e,r=e.conversation.opinions.voteOn(t.id),i=(n,i)=>O`<button
    type="button"
    class="round"
    aria-label=${i}
    title=${i}
    aria-pressed=${r?.rating===n}
    @click=${()=>r?.rating===n?Jt(e,t.id):qt(e,t.id,n,null)}
  >
    ${$[n]}
  </button>`,a=e.explained.has(t.id);return O`<div class="actions" data-vote=${t.id}>
      ${i(`up`,n.helpful)} ${i(`down`,n.notHelpful)}
      <button
        type="button"
        class="plain"
        aria-expanded=${a}
        @click=${()=>Yt(e,t.id)}
      >
        ${n.why}
      </button>
    </div>
    ${r&&e.thanked.has(t.id)?Fn(e,t,r.rating):j}`}function Fn(e,t,n){let{texts:r}=e,i=e.conversation.opinions.voteOn(t.id)?.reason,a=O`<button type="button" class="plain" @click=${()=>Jt(e,t.id)}>
    ${r.undo}
  </button>`;return n===`up`||i?O`<div class="actions" id="thanks-${t.id}">
      <span class="mark">${r.thanks}</span> ${a}
    </div>`:O`<div class="reasons" role="group" id="wrong-${t.id}" aria-label=${r.whatWasWrong}>
    <p aria-hidden="true">${r.whatWasWrong}</p>
    <div class="chips">
      ${Mn.map(n=>O`<button type="button" @click=${()=>qt(e,t.id,`down`,n)}>
          ${r[n]}
        </button>`)}
      ${a}
    </div>
  </div>`}function In(e,t){return e.explained.has(t.id)?O`<div class="why" id="why-${t.id}">
    ${t.outcome===`composed`?Rn(e,t):Ln(e,t)}
  </div>`:j}function Ln(e,t){let{texts:n}=e,r=t.reply.parts.filter(e=>e.answer_id!==null).map(e=>e.answer_id);return O`<p>${n.whyApproved}</p>
    <p class="reference">${n.whyReference}: ${r.join(`, `)}</p>`}function Rn(e,t){let n=t.reply.parts.filter(e=>e.answer_id!==null||e.source);return O`<p>${e.texts.whyComposed}</p>
    <ol>
      ${n.map(t=>O`<li>
          ${t.text}
          <span class="source">${t.source?zn(e,t.source):t.answer_id}</span>
        </li>`)}
    </ol>`}function zn(e,t){let n=t.url===null?null:jn(t.url);return n===null?t.heading:O`<a href=${n} target="_blank" rel="noopener noreferrer nofollow"
    >${t.heading}<span class="unseen"> ${e.texts.newTab}</span></a
  >`}function Bn(e){let{texts:t}=e,{stars:n,comment:r}=e.ratingDraft;return e.conversation.opinions.asked?O`<form class="card" id="rating" @submit=${t=>$t(e,t)}>
    <h3 id="rate">${t.rateAsk}</h3>
    <fieldset class="stars" aria-labelledby="rate">
      ${Nn.map(r=>{let i=t.star.replace(`{n}`,String(r));return O`<label class=${r<=n?`lit`:``}>
          <input type="radio" name="stars" .checked=${r===n} aria-label=${i} @change=${()=>Zt(e,r)} />
          ${$.star}
        </label>`})}
    </fieldset>
    <label>${t.rateComment}<textarea
        rows="2"
        maxlength="2000"
        .value=${cn(r)}
        @input=${t=>e.ratingDraft.comment=t.target.value}
      ></textarea></label>
    <div class="buttons">
      <button type="submit" class="main" ?disabled=${!n}>${t.rateSend}</button>
      <button type="button" class="plain" @click=${()=>Qt(e)}>${t.rateSkip}</button>
    </div>
  </form>`:j}function Vn(e){let{conversation:t,texts:n}=e;return O`<div class="log" role="log" aria-live="off" aria-label=${n.log} tabindex="0">
    ${Hn(e)}
    ${vn(t.entries,e=>e.key,(n,r)=>Un(e,n,t.entries[r-1]))}
    ${t.waiting?O`<div class="entry bot">
          <div class="bubble typing"><i></i><i></i><i></i><span class="unseen">${n.typing}</span></div>
        </div>`:j}
    ${gn(e)} ${Bn(e)}
  </div>`}function Hn(e){let t=e.siteAnswer.settings.greeting?.[e.language]??e.conversation.greeting??e.texts.greeting;return O`<div class="entry bot">
    <span class="who">${e.texts.bot}</span>
    <div class="bubble" dir="auto">${Jn(t,e)}</div>
  </div>`}function Un(e,t,n){let{texts:r}=e,i=t.role===`customer`,a=O`<span class=${!i&&t.role!==`system`&&n?.role!==t.role?`who`:`unseen`}>${r[t.role]}</span>`,o=i?O`<div class="bubble" dir="auto">${t.text}</div>`:O`<div class="bubble" dir="auto" lang=${t.exchange?.reply.language??j}>
        ${Jn(t.text,e)}
      </div>`;return O`<div class="entry ${t.role}">
    ${a} ${o} ${i?Kn(e,t):t.exchange?Wn(e,t):j}
  </div>`}function Wn(e,t){let n=t.exchange,r=n.reply.parts.some(e=>e.answer_id!==null||e.source);return O`${n.choices.length?Gn(e,t):j}
  ${r?O`${Pn(e,n)} ${In(e,n)}`:j}`}function Gn(e,t){let n=e.conversation.openChoices===t.exchange;return O`<div class="choices" role="group" aria-label=${e.texts.choices}>
    ${t.exchange.choices.map(t=>O`<button type="button" ?disabled=${!n} @click=${()=>Gt(e,t)}>
        ${t.question}
      </button>`)}
  </div>`}function Kn(e,t){let{texts:n,conversation:r}=e;return t.status===`delivered`?t===r.entries.findLast(e=>e.role===`customer`)?O`<span class="mark">${n.delivered}</span>`:j:t.status===`failed`?O`<span class="mark trouble">
      ${n.failed} <button type="button" @click=${()=>r.retry()}>${n.retry}</button>
    </span>`:O`<span class="mark ${t.status===`refused`?`trouble`:``}">${n[t.status]}</span>`}function qn(e){let{conversation:t,texts:n}=e,r=e.siteAnswer.settings.suggestions?.[e.language]??t.suggestions,i=t.begun?t.suggestions:r;return!i.length||t.state===`person`||t.state===`closed`?j:O`<div class="suggestions" role="group" aria-label=${n.suggestions}>
    ${i.map(t=>O`<button type="button" @click=${()=>Wt(e,t)}>${t}</button>`)}
  </div>`}function Jn(e,t){return wn(e).map(e=>Yn(e,t))}function Yn(e,t){if(e.kind===`paragraph`)return O`<p>${e.lines.map((e,n)=>O`${n?O`<br />`:j}${Xn(e,t)}`)}</p>`;let n=e.items.map(e=>O`<li>${Xn(e,t)}</li>`);return e.first===null?O`<ul>${n}</ul>`:O`<ol start=${e.first}>${n}</ol>`}function Xn(e,t){return e.map(e=>e.kind===`text`?e.text:O`<a href=${e.href} target="_blank" rel="noopener noreferrer nofollow"
          >${e.text}<span class="unseen"> ${t.texts.newTab}</span></a
        >`)}function Zn(e){return O`<div
    class="root ${e.mode} ${e.position}"
    data-theme=${e.dark?`dark`:`light`}
    lang=${e.spoken}
    dir="ltr"
  >
    ${e.shown?er(e):Qn(e)}
  </div>`}function Qn(e){let{unread:t}=e.conversation;return O`<button
      type="button"
      class="launcher"
      aria-haspopup="dialog"
      aria-expanded="false"
      aria-label=${e.texts.launcher}
      aria-describedby=${t?`unread`:j}
      @click=${()=>e.open()}
    >
      ${$.chat}
      ${t?O`<span class="badge" aria-hidden="true">${t>9?`9+`:t}</span>`:j}
    </button>
    ${t?O`<span hidden id="unread">${e.unreadText}</span>`:j} ${$n(e)}`}function $n({announced:e}){return O`<div class="unseen" role="status" aria-live="polite">
    ${Vt(e.count,O`<p>${e.text}</p>`)}
  </div>`}function er(e){let t=e.mode===`floating`;return O`<section
    class="panel"
    role=${t?`dialog`:`region`}
    aria-modal=${t&&e.covering?`true`:j}
    aria-labelledby="name"
    @keydown=${t=>e.pressed(t)}
  >
    ${tr(e)} ${e.menu?nr(e):j} ${rr(e)} ${ir(e)}
    ${Vn(e)} ${qn(e)} ${un(e)} ${fn(e)}
    ${e.deleting?pn(e):j} ${$n(e)}
  </section>`}function tr(e){let{texts:t}=e,n=e.conversation.state===`person`;return O`<header>
    <div class="face">${n?$.person:$.bot}</div>
    <div class="names">
      <h2 id="name" tabindex="-1">${e.name}</h2>
      <p>${n?t.withPerson:t.machine}</p>
    </div>
    <button
      type="button"
      class="round"
      id="more"
      aria-label=${e.menu?t.less:t.more}
      aria-expanded=${e.menu}
      @click=${()=>e.showMenu(!e.menu)}
    >
      ${$.more}
    </button>
    ${e.mode===`floating`?O`<button type="button" class="round" id="close" aria-label=${t.close} @click=${()=>e.close()}>
          ${$.close}
        </button>`:j}
  </header>`}function nr(e){let{texts:t,conversation:n}=e,r=n.entries.some(e=>e.role!==`customer`)&&!e.memory.all.rated;return O`<div class="menu">
    <div role="group" aria-labelledby="languages">
      <span class="label" id="languages">${t.language}</span>
      ${e.locales.map(t=>O`<button
          type="button"
          lang=${t}
          aria-pressed=${t===e.spoken}
          @click=${()=>e.setLocale(t)}
        >
          ${mt[t]}
        </button>`)}
    </div>
    ${n.begun?O`<div class="rows">
          ${r?O`<button type="button" @click=${()=>Xt(e)}>${$.star} ${t.rate}</button>`:j}
          <button type="button" @click=${()=>on(e)}>${$.download} ${t.download}</button>
          <button type="button" class="danger" @click=${()=>e.askToDelete(!0)}>
            ${$.remove} ${t.delete}
          </button>
        </div>`:j}
  </div>`}function rr(e){let{texts:t,memory:n}=e;return!e.consentNeeded||n.isKept||e.consentRefused?j:O`<div class="banner">
    <p>${t.consentAsk}</p>
    <div class="buttons">
      <button type="button" @click=${()=>e.consent(!0)}>${t.consentYes}</button>
      <button type="button" @click=${()=>e.consent(!1)}>${t.consentNo}</button>
    </div>
  </div>`}function ir(e){let{texts:t,conversation:n}=e;if(!n.connected)return O`<div class="banner trouble">
      <p>${t.offline}</p>
      <button type="button" @click=${()=>n.retry()}>${t.retry}</button>
    </div>`;let r=mn(e),i=O`<button type="button" @click=${()=>rn(e)}>${t.startAgain}</button>`;return r?O`<div class="banner"><p>${r}</p>${n.state===`closed`?i:j}</div>`:j}var ar=`(max-width: 480px)`,or=`(prefers-color-scheme: dark)`,sr=class extends R{static{this.styles=[kt,At]}static{this.properties={host:{},site:{},locale:{},mode:{},position:{},theme:{},heading:{},opened:{}}}constructor(){super(),this.shown=!1,this.menu=!1,this.deleting=!1,this.announced={text:``,count:0},this.notice=``,this.explained=new Set,this.thanked=new Set,this.draft=``,this.ratingDraft={stars:0,comment:``},this.contactDraft={},this.contactTrouble=``,this.contactWrong=[],this.consentRefused=!1,this.parts=null,this.connected=null,this.lastSeen=``,this.stayingAtEnd=new wt,this.host=new URL(`..`,import.meta.url).href.replace(/\/$/,``),this.site=`default`,this.locale=this.heading=this.opened=null,this.mode=`floating`,this.position=`right`,this.theme=`auto`}open(){this.shown||(this.shown=!0,this.begin(),this.emit(`open`,{}),this.requestUpdate(),this.updateComplete.then(()=>ct(this.renderRoot)))}close(){if(!this.shown||this.mode!==`floating`)return;let e=st(this.renderRoot);this.shown=this.menu=this.deleting=!1,this.conversation.connected||this.askSite(),this.conversation.follow(),this.emit(`close`,{}),this.requestUpdate(),e&&this.updateComplete.then(()=>this.focusOn(`.launcher`))}toggle(){this.shown?this.close():this.open()}setLocale(e){let t=gt(e);t&&this.memory.set({locale:t}),this.requestUpdate()}setUser(e){let t=this.memory.all.id;this.conversation.identify(e.identity),t&&this.memory.all.id!==t&&this.forgetDrafts(),this.shown&&this.begin()}consent(e){this.consentRefused=!e,e?(this.memory.keep(),this.memory.set({consent:!0})):this.memory.forgetStored(),this.requestUpdate()}reset(){this.memory.forgetAll(),this.conversation.forgetIdentity(),this.conversation.vanish(),this.consentNeeded||this.memory.keep(),this.shown&&this.begin()}destroy(){this.remove()}on(e,t){let n=e=>t(e.detail);return this.addEventListener(e,n),()=>this.removeEventListener(e,n)}get memory(){return this.made.memory}get conversation(){return this.made.conversation}get siteAnswer(){return this.made.site}get texts(){return ht[this.spoken]}get spoken(){let{documentElement:e}=document;return vt([this.memory.all.locale,this.locale,...navigator.languages,e.lang],this.locales)}get language(){return yt(this.spoken)}get locales(){return _t(this.siteAnswer.settings.languages)}get consentNeeded(){return this.getAttribute(`consent`)===`required`||this.siteAnswer.settings.consent_needed===!0}get dark(){return this.theme===`dark`||this.theme!==`light`&&matchMedia(or).matches}get covering(){return this.mode===`full-screen`||this.mode===`floating`&&matchMedia(ar).matches}get name(){return this.heading||this.siteAnswer.settings.name||this.texts.title}connectedCallback(){super.connectedCallback();let{signal:e}=this.connected=new AbortController;this.memory.watch(()=>this.storedElsewhere(),e),document.addEventListener(`visibilitychange`,()=>this.conversation.follow(),{signal:e});for(let t of[ar,or])matchMedia(t).addEventListener(`change`,()=>this.requestUpdate(),{signal:e});this.followViewport(e),this.toTopLayer(),this.siteAnswer.available?this.conversation.start(e):this.askSite()}disconnectedCallback(){super.disconnectedCallback(),this.connected?.abort(),this.connected=null}render(){return this.siteAnswer.available?Zn(this):null}updated(e){super.updated(e);let t=this.conversation.entries.at(-1),n=this.shown?`${t?.key} ${t?.text.length}`:``;n!==this.lastSeen&&Ct(this.renderRoot),this.lastSeen=n,this.stayingAtEnd.watch(this.renderRoot),e.has(`mode`)&&this.toTopLayer()}pressed(e){e.key===`Tab`&&this.covering&&lt(this.renderRoot,e),e.key!==`Escape`||e.isComposing||(e.stopPropagation(),this.deleting?this.askToDelete(!1):this.menu?this.showMenu(!1):this.close())}showMenu(e){this.menu=e,this.requestUpdate(),e||this.updateComplete.then(()=>this.focusOn(`#more`))}askToDelete(e){this.deleting=e,this.menu=!1,this.requestUpdate(),this.updateComplete.then(()=>this.focusOn(e?`#keep`:`#more`))}tell(e){this.notice=e,this.announce(e)}announce(e){this.announced={text:e,count:this.announced.count+1},this.requestUpdate()}emit(e,t){this.dispatchEvent(new CustomEvent(e,{detail:t}))}focusAfterPress(e){this.requestUpdate();let t=e===`#message`&&matchMedia(`(pointer: coarse)`).matches;this.updateComplete.then(()=>this.focusOn(t?`.log`:e))}revealAfterPress(e){this.requestUpdate(),this.updateComplete.then(()=>Tt(this.renderRoot,e))}focusOn(e){this.renderRoot.querySelector(e)?.focus()}forgetOpen(){this.explained.clear(),this.thanked.clear(),this.menu=this.deleting=!1,this.ratingDraft={stars:0,comment:``},this.notice=this.contactTrouble=``,this.contactWrong=[],this.requestUpdate()}forgetDrafts(){this.draft=``,this.contactDraft={},this.forgetOpen()}get made(){if(this.parts)return this.parts;let e=new bt(this.site),t=new Pe(this.host,this.site),n=new at(t,e,{changed:()=>this.changed(),said:(e,t,n)=>this.said(e,t,n),stateChanged:e=>this.stateChanged(e),vanished:()=>this.forgetDrafts(),troubled:(e,t)=>this.emit(`error`,{what:e,detail:t}),language:()=>this.spoken,looking:()=>this.looking});return this.parts={memory:e,conversation:n,site:new Ot(t,()=>this.siteAnswered())},this.parts}get looking(){let e=this.conversation.state===`waiting`||this.conversation.state===`person`;return document.visibilityState===`visible`&&(this.shown||e)}askSite(){this.siteAnswer.available=!1,this.connected&&this.siteAnswer.ask(this.connected.signal)}siteAnswered(){if(!this.connected)return;this.consentNeeded||this.memory.keep();let e=this.conversation.started;this.conversation.start(this.connected.signal),this.mode!==`floating`&&(this.shown=!0),this.shown?this.begin():this.opened!==null&&this.open(),this.requestUpdate(),e||this.updateComplete.then(()=>this.emit(`ready`,{}))}begin(){this.conversation.follow(),this.siteAnswer.available&&(this.conversation.exists||this.siteAnswer.settings.greeting&&!this.conversation.expected||this.conversation.greet().catch(()=>{this.shown=this.siteAnswer.available=!1,this.requestUpdate()}))}changed(){this.shown&&this.conversation.see(),this.requestUpdate()}said(e,t,n){if(this.emit(`message`,{role:e,text:t,id:n}),e===`customer`)return;this.notice=``;let r=this.conversation.openChoices?.choices.map(({question:e})=>e).join(`; `),i=e===`bot`&&r?` ${this.texts.choices}: ${r}`:``;this.announce(this.shown?`${this.texts[e]}: ${t}${i}`:this.unreadText)}get unreadText(){return this.texts.unread.replace(`{n}`,String(this.conversation.unread))}stateChanged(e){this.emit(`handoff`,{state:e}),this.revealAfterPress(`#rating`),this.conversation.follow()}storedElsewhere(){this.conversation.follow(),this.requestUpdate()}toTopLayer(){this.mode===`floating`?this.isConnected&&`showPopover`in this&&(this.popover=`manual`,this.matches(`:popover-open`)||this.showPopover()):this.removeAttribute(`popover`)}followViewport(e){let t=window.visualViewport;t?.addEventListener(`resize`,()=>{if(!t||!this.covering)return;let e=Math.round(t.height*t.scale);this.style.setProperty(`--kefu-seen-height`,`${e}px`)},{signal:e})}};customElements.get(`kefu-widget`)||customElements.define(`kefu-widget`,sr);export{sr as KefuWidget};
