// Pictures of a Chromium's page, whatever the page is doing. A capture that
// meets the moment when a navigation replaces the page is never answered, so
// one that takes long gets a second beside it, and the first answer counts.
const waits = [1000, 2000, 4000, 8000, 15000]; // before another try, in ms
const afterNavigation = 250;

/** Returns a PNG of what the window shows. */
export async function capture(page) {
  const answer = deferred();
  const client = page._client();
  let timer;
  let tries = 0;
  let lastError;
  const again = () => {
    clearTimeout(timer);
    if (tries === waits.length) return answer.reject(lastError ?? new Error('The browser did not answer with a picture'));
    timer = setTimeout(again, waits[tries]);
    tries++;
    // After a navigation into another process the page has another session.
    page._client().send('Page.captureScreenshot', { format: 'png', optimizeForSpeed: true }).then(answer.resolve, (err) => {
      lastError = err;
      if (page.isClosed()) answer.reject(err);
    });
    return undefined;
  };
  const navigated = (e) => {
    if (e.frame.parentId) return;
    clearTimeout(timer);
    timer = setTimeout(again, afterNavigation);
  };
  client.on('Page.frameNavigated', navigated);
  try {
    await client.send('Page.bringToFront'); // a window behind another is not painted
    again();
    return Buffer.from((await answer.promise).data, 'base64');
  } finally {
    clearTimeout(timer);
    client.off('Page.frameNavigated', navigated);
  }
}

function deferred() {
  const out = {};
  out.promise = new Promise((resolve, reject) => Object.assign(out, { resolve, reject }));
  return out;
}
