"use strict";(self.rspackChunkskydesk_lab=self.rspackChunkskydesk_lab||[]).push([[1],{22(e,o,t){var r=t(23),n=t.n(r),a=t(24),s=(t.n(a))()(n());s.push([e.id,`.skydesk-Panel {
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
  width: 340px;
  max-width: calc(100vw - 16px);
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
`,""]),t.d(o,{},{A:s})},24(e){e.exports=function(e){var o=[];return o.toString=function(){return this.map(function(o){var t="",r=void 0!==o[5];return o[4]&&(t+="@supports (".concat(o[4],") {")),o[2]&&(t+="@media ".concat(o[2]," {")),r&&(t+="@layer".concat(o[5].length>0?" ".concat(o[5]):""," {")),t+=e(o),r&&(t+="}"),o[2]&&(t+="}"),o[4]&&(t+="}"),t}).join("")},o.i=function(e,t,r,n,a){"string"==typeof e&&(e=[[null,e,void 0]]);var s={};if(r)for(var i=0;i<this.length;i++){var p=this[i][0];null!=p&&(s[p]=!0)}for(var c=0;c<e.length;c++){var l=[].concat(e[c]);r&&s[l[0]]||(void 0!==a&&(void 0===l[5]||(l[1]="@layer".concat(l[5].length>0?" ".concat(l[5]):""," {").concat(l[1],"}")),l[5]=a),t&&(l[2]&&(l[1]="@media ".concat(l[2]," {").concat(l[1],"}")),l[2]=t),n&&(l[4]?(l[1]="@supports (".concat(l[4],") {").concat(l[1],"}"),l[4]=n):l[4]="".concat(n)),o.push(l))}},o}},23(e){e.exports=function(e){return e[1]}},16(e){var o=[];function t(e){for(var t=-1,r=0;r<o.length;r++)if(o[r].identifier===e){t=r;break}return t}function r(e,r){for(var n={},a=[],s=0;s<e.length;s++){var i=e[s],p=r.base?i[0]+r.base:i[0],c=n[p]||0,l="".concat(p," ").concat(c);n[p]=c+1;var d=t(l),u={css:i[1],media:i[2],sourceMap:i[3],supports:i[4],layer:i[5]};if(-1!==d)o[d].references++,o[d].updater(u);else{var f=function(e,o){var t=o.domAPI(o);return t.update(e),function(o){o?(o.css!==e.css||o.media!==e.media||o.sourceMap!==e.sourceMap||o.supports!==e.supports||o.layer!==e.layer)&&t.update(e=o):t.remove()}}(u,r);r.byIndex=s,o.splice(s,0,{identifier:l,updater:f,references:1})}a.push(l)}return a}e.exports=function(e,n){var a=r(e=e||[],n=n||{});return function(e){e=e||[];for(var s=0;s<a.length;s++){var i=t(a[s]);o[i].references--}for(var p=r(e,n),c=0;c<a.length;c++){var l=t(a[c]);0===o[l].references&&(o[l].updater(),o.splice(l,1))}a=p}}},18(e){var o={};e.exports=function(e,t){var r=function(e){if(void 0===o[e]){var t=document.querySelector(e);if(window.HTMLIFrameElement&&t instanceof window.HTMLIFrameElement)try{t=t.contentDocument.head}catch(e){t=null}o[e]=t}return o[e]}(e);if(!r)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");r.appendChild(t)}},20(e){e.exports=function(e){var o=document.createElement("style");return e.setAttributes(o,e.attributes),e.insert(o,e.options),o}},19(e,o,t){e.exports=function(e){var o=t.nc;o&&e.setAttribute("nonce",o)}},17(e){e.exports=function(e){if("u"<typeof document)return{update:function(){},remove:function(){}};var o=e.insertStyleElement(e);return{update:function(t){var r,n,a;r="",t.supports&&(r+="@supports (".concat(t.supports,") {")),t.media&&(r+="@media ".concat(t.media," {")),(n=void 0!==t.layer)&&(r+="@layer".concat(t.layer.length>0?" ".concat(t.layer):""," {")),r+=t.css,n&&(r+="}"),t.media&&(r+="}"),t.supports&&(r+="}"),(a=t.sourceMap)&&"u">typeof btoa&&(r+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(a))))," */")),e.styleTagTransform(r,o,e.options)},remove:function(){var e;null===(e=o).parentNode||e.parentNode.removeChild(e)}}}},21(e){e.exports=function(e,o){if(o.styleSheet)o.styleSheet.cssText=e;else{for(;o.firstChild;)o.removeChild(o.firstChild);o.appendChild(document.createTextNode(e))}}},15(e,o,t){var r=t(16),n=t.n(r),a=t(17),s=t.n(a),i=t(18),p=t.n(i),c=t(19),l=t.n(c),d=t(20),u=t.n(d),f=t(21),v=t.n(f),h=t(22),k={};k.styleTagTransform=v(),k.setAttributes=l(),k.insert=p().bind(null,"head"),k.domAPI=s(),k.insertStyleElement=u(),n()(h.A,k),h.A&&h.A.locals&&h.A.locals}}]);