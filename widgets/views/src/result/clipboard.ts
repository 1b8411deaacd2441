/** The two ways out of the page: the clipboard, and a file. */

/** Put text on the clipboard. `navigator.clipboard` is missing on pages without TLS, so the copy command is what is used. */
export function copyText(text: string): boolean {
  const give = (event: ClipboardEvent): void => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener("copy", give, { capture: true, once: true });
  try {
    return document.execCommand("copy");
  } finally {
    document.removeEventListener("copy", give, { capture: true });
  }
}

/** Have the browser save text as a file. */
export function saveText(fileName: string, text: string, mediaType: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: `${mediaType};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  document.body.append(link);
  link.click();
  link.remove();
  // The download has begun once the click has been handled; the browser holds the blob from then on.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
