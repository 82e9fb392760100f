// SPDX-License-Identifier: Apache-2.0
// Puts the code that stands behind the # of the address into the form, takes it out of the address bar, and sends the form.
// Without this, people paste it.
"use strict";

(() => {
  const form = document.getElementById("open");
  const code = window.location.hash.slice(1);
  if (form === null || !/^[A-Za-z0-9_-]{43}$/.test(code)) {
    return;
  }
  window.history.replaceState(null, "", window.location.pathname);
  document.getElementById("code").value = code;
  form.submit();
})();
