"use strict";

// The dashboard changes its address without loading a page; the link follows.

const link = document.getElementById("way-back");
const home = link.getAttribute("href");

function follow() {
  const study = /\/dashboard\/(?:studies|compare-studies)\/(\d+)/.exec(location.pathname);
  link.href = study ? `${home}study-${study[1]}` : home;
  link.textContent = study ? "rbptune: this study" : "rbptune: all studies";
}

follow();
setInterval(follow, 500);
