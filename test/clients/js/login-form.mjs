// The login page by plain form posts, as a browser without scripts would use it.
import assert from 'node:assert/strict';

const plain = (text) => text.replaceAll('&amp;', '&').replaceAll('&#43;', '+').replaceAll('&#34;', '"').replaceAll('&#39;', "'");

/** Follows an authorization request through the login page; returns the address of the callback, with the code. */
export async function signInByForm(address, callback, username, password) {
  const cookies = new Map();
  async function ask(to, form) {
    const answer = await fetch(to, {
      redirect: 'manual', method: form ? 'POST' : 'GET', body: form,
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      cookies.set(name, value);
    }
    return answer;
  }
  /** Follows redirects on the site, at most five. */
  async function follow(to, form) {
    let at = new URL(to);
    let answer = await ask(at, form);
    for (let i = 0; i < 5 && answer.headers.has('location'); i++) {
      at = new URL(answer.headers.get('location'), at);
      if (at.href.startsWith(callback)) return { at };
      answer = await ask(at);
    }
    return { at, status: answer.status, text: await answer.text() };
  }
  const page = await follow(address);
  assert.equal(page.status, 200, page.text);
  const action = /<form method="post" action="([^"]*)"/.exec(page.text)[1];
  const token = /<input\b[^>]*name="_csrf"[^>]*value="([^"]*)"/.exec(page.text)[1];
  const done = await follow(new URL(plain(action), page.at), new URLSearchParams({ _csrf: plain(token), username, password }));
  assert.ok(done.at.href.startsWith(callback), `${done.status} at ${done.at}: ${done.text}`);
  return done.at;
}
