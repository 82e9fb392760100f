// SPDX-License-Identifier: Apache-2.0
// Pages work without this. Inside Airflow's UI it takes over the UI's theme, which a frame does not inherit.
"use strict";

(() => {
  const page = document.documentElement;

  function around() {
    try {
      return window.parent === window ? null : window.parent.document.documentElement;
    } catch {
      return null; // a frame of somebody else's page: the headers forbid it
    }
  }

  const outer = around();
  if (outer !== null) {
    const follow = () => {
      page.dataset.theme = outer.classList.contains("dark") ? "dark" : "light";
    };
    new MutationObserver(follow).observe(outer, { attributes: true, attributeFilter: ["class"] });
    follow();
  }

  // Inside a frame that has the focus, and for what is no form control, browsers do not heed autofocus.
  window.addEventListener("load", () => {
    window.setTimeout(() => {
      const told = document.querySelector("[autofocus]");
      if (told !== null && document.activeElement === document.body) {
        told.focus();
      }
    }, 100);
  });
})();
