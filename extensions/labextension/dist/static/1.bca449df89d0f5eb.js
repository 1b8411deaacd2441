"use strict";(self.rspackChunkskydesk_lab=self.rspackChunkskydesk_lab||[]).push([[1],{22(e,o,t){var r=t(23),a=t.n(r),n=t(24),s=(t.n(n))()(a());s.push([e.id,`.skydesk-Panel {
  display: flex;
  flex-direction: column;
  min-width: 200px;
  overflow: hidden;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font-size: var(--jp-ui-font-size1);
}

.skydesk-Panel:focus {
  outline: none;
}

.skydesk-Panel-view {
  flex: 1 1 auto;
  min-height: 0;
  min-width: 0;
  overflow: auto;
}

.skydesk-Notice-heading {
  margin: 0;
  padding: 12px 12px 0;
  font-size: var(--jp-ui-font-size1);
  font-weight: 600;
  letter-spacing: 0.04em;
  text-transform: uppercase;
  color: var(--jp-ui-font-color1);
}

.skydesk-Message {
  padding: 12px;
  line-height: 1.5;
  overflow-wrap: anywhere;
}

.skydesk-Message p {
  margin: 0 0 12px;
}

.skydesk-Message-retry.jp-mod-styled {
  min-height: 28px;
  border: 1px solid var(--jp-border-color1);
  color: var(--jp-ui-font-color1);
}

/* The time left, in the status bar. */
.skydesk-LeaseStatus.jp-StatusBar-Item {
  padding: 0;
}

.skydesk-LeaseStatus.jp-StatusBar-Item.jp-mod-clicked {
  background: var(--jp-layout-color3);
}

.skydesk-LeaseStatus button {
  display: flex;
  align-items: center;
  gap: 4px;
  height: 100%;
  padding: 0 6px;
  border: 0;
  background: transparent;
  color: var(--jp-ui-font-color1);
  font: inherit;
  font-variant-numeric: tabular-nums;
  line-height: 24px;
  white-space: nowrap;
  cursor: pointer;
}

.skydesk-LeaseStatus button:hover {
  background: var(--jp-layout-color3);
}

.skydesk-LeaseStatus button:focus-visible,
.skydesk-LeasePopup:focus-visible,
.skydesk-LeasePopup button:focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: -2px;
}

.skydesk-LeaseStatus.skydesk-mod-soon button {
  color: var(--jp-ui-font-color0);
  font-weight: 700;
}

.skydesk-LeaseStatus-sign {
  display: flex;
}

.skydesk-LeaseStatus-sign svg {
  width: 14px;
  height: 14px;
}

.skydesk-LeasePopup {
  /* Above notifications: whoever opens it wants to read it. */
  z-index: 10001;
  max-width: min(340px, calc(100vw - 16px));
  box-sizing: border-box;
  padding: 12px;
  overflow: auto;
  border: 1px solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color0);
  font-size: var(--jp-ui-font-size1);
  line-height: 1.45;
  box-shadow: var(--jp-elevation-z6);
}

.skydesk-LeasePopup h3 {
  margin: 12px 0 4px;
  font-size: var(--jp-ui-font-size1);
  font-weight: 600;
}

.skydesk-LeasePopup > :first-child {
  margin-top: 0;
}

.skydesk-LeasePopup dl {
  display: grid;
  grid-template-columns: max-content 1fr;
  gap: 2px 12px;
  margin: 0 0 10px;
}

.skydesk-LeasePopup dt {
  color: var(--jp-ui-font-color1);
}

.skydesk-LeasePopup dd {
  margin: 0;
  overflow-wrap: anywhere;
}

.skydesk-LeasePopup p {
  margin: 0;
  overflow-wrap: anywhere;
  white-space: pre-line;
}

.skydesk-LeasePopup small {
  color: var(--jp-ui-font-color1);
}

.skydesk-LeasePopup-place {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: 8px;
}

.skydesk-LeasePopup-message {
  margin-bottom: 6px;
  padding: 2px 8px;
  border-left: 3px solid var(--jp-info-color1);
}

.skydesk-LeasePopup-message.skydesk-mod-warning {
  border-left-color: var(--jp-warn-color1);
}

.skydesk-LeasePopup-problem {
  margin-top: 8px;
}

.skydesk-LeasePopup-plain.jp-mod-styled {
  min-height: 24px;
  padding: 0 10px;
  border: 1px solid var(--jp-border-color1);
  background: transparent;
  color: var(--jp-ui-font-color1);
  line-height: 22px;
}
`,""]),t.d(o,{},{A:s})},24(e){e.exports=function(e){var o=[];return o.toString=function(){return this.map(function(o){var t="",r=void 0!==o[5];return o[4]&&(t+="@supports (".concat(o[4],") {")),o[2]&&(t+="@media ".concat(o[2]," {")),r&&(t+="@layer".concat(o[5].length>0?" ".concat(o[5]):""," {")),t+=e(o),r&&(t+="}"),o[2]&&(t+="}"),o[4]&&(t+="}"),t}).join("")},o.i=function(e,t,r,a,n){"string"==typeof e&&(e=[[null,e,void 0]]);var s={};if(r)for(var i=0;i<this.length;i++){var p=this[i][0];null!=p&&(s[p]=!0)}for(var c=0;c<e.length;c++){var d=[].concat(e[c]);r&&s[d[0]]||(void 0!==n&&(void 0===d[5]||(d[1]="@layer".concat(d[5].length>0?" ".concat(d[5]):""," {").concat(d[1],"}")),d[5]=n),t&&(d[2]&&(d[1]="@media ".concat(d[2]," {").concat(d[1],"}")),d[2]=t),a&&(d[4]?(d[1]="@supports (".concat(d[4],") {").concat(d[1],"}"),d[4]=a):d[4]="".concat(a)),o.push(d))}},o}},23(e){e.exports=function(e){return e[1]}},16(e){var o=[];function t(e){for(var t=-1,r=0;r<o.length;r++)if(o[r].identifier===e){t=r;break}return t}function r(e,r){for(var a={},n=[],s=0;s<e.length;s++){var i=e[s],p=r.base?i[0]+r.base:i[0],c=a[p]||0,d="".concat(p," ").concat(c);a[p]=c+1;var l=t(d),u={css:i[1],media:i[2],sourceMap:i[3],supports:i[4],layer:i[5]};if(-1!==l)o[l].references++,o[l].updater(u);else{var f=function(e,o){var t=o.domAPI(o);return t.update(e),function(o){o?(o.css!==e.css||o.media!==e.media||o.sourceMap!==e.sourceMap||o.supports!==e.supports||o.layer!==e.layer)&&t.update(e=o):t.remove()}}(u,r);r.byIndex=s,o.splice(s,0,{identifier:d,updater:f,references:1})}n.push(d)}return n}e.exports=function(e,a){var n=r(e=e||[],a=a||{});return function(e){e=e||[];for(var s=0;s<n.length;s++){var i=t(n[s]);o[i].references--}for(var p=r(e,a),c=0;c<n.length;c++){var d=t(n[c]);0===o[d].references&&(o[d].updater(),o.splice(d,1))}n=p}}},18(e){var o={};e.exports=function(e,t){var r=function(e){if(void 0===o[e]){var t=document.querySelector(e);if(window.HTMLIFrameElement&&t instanceof window.HTMLIFrameElement)try{t=t.contentDocument.head}catch(e){t=null}o[e]=t}return o[e]}(e);if(!r)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");r.appendChild(t)}},20(e){e.exports=function(e){var o=document.createElement("style");return e.setAttributes(o,e.attributes),e.insert(o,e.options),o}},19(e,o,t){e.exports=function(e){var o=t.nc;o&&e.setAttribute("nonce",o)}},17(e){e.exports=function(e){if("u"<typeof document)return{update:function(){},remove:function(){}};var o=e.insertStyleElement(e);return{update:function(t){var r,a,n;r="",t.supports&&(r+="@supports (".concat(t.supports,") {")),t.media&&(r+="@media ".concat(t.media," {")),(a=void 0!==t.layer)&&(r+="@layer".concat(t.layer.length>0?" ".concat(t.layer):""," {")),r+=t.css,a&&(r+="}"),t.media&&(r+="}"),t.supports&&(r+="}"),(n=t.sourceMap)&&"u">typeof btoa&&(r+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(n))))," */")),e.styleTagTransform(r,o,e.options)},remove:function(){var e;null===(e=o).parentNode||e.parentNode.removeChild(e)}}}},21(e){e.exports=function(e,o){if(o.styleSheet)o.styleSheet.cssText=e;else{for(;o.firstChild;)o.removeChild(o.firstChild);o.appendChild(document.createTextNode(e))}}},15(e,o,t){var r=t(16),a=t.n(r),n=t(17),s=t.n(n),i=t(18),p=t.n(i),c=t(19),d=t.n(c),l=t(20),u=t.n(l),f=t(21),v=t.n(f),k=t(22),y={};y.styleTagTransform=v(),y.setAttributes=d(),y.insert=p().bind(null,"head"),y.domAPI=s(),y.insertStyleElement=u(),a()(k.A,y),k.A&&k.A.locals&&k.A.locals}}]);