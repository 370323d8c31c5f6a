// Drives the example in a real browser, from sign-up to an expired session and
// through the admin area. browser_test.go starts everything and runs this file;
// ARTICLES_SCREENSHOTS names a directory for pictures of each step.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'

const env = name => process.env[name] ?? assert.fail(`${name} is not set`)
const web = env('ARTICLES_WEB')
const poolhouse = env('ARTICLES_POOLHOUSE')
const api = env('ARTICLES_API')
const adminPassword = env('ARTICLES_ADMIN_PASSWORD')

const email = 'ada@example.com'
const firstPassword = 'Correct-Horse-7'
const hour = 3_600_000

let browser, page
const complaints = [] // what pages write to the console as errors

before(async () => {
  browser = await chromium.launch({
    executablePath: env('ARTICLES_CHROMIUM'),
    args: ['--no-sandbox'], // the pages are our own, and root has no sandbox
  })
  const context = await browser.newContext({ viewport: { width: 1000, height: 760 } })
  context.setDefaultTimeout(30_000)
  page = await context.newPage()
  page.on('pageerror', e => complaints.push(String(e)))
  page.on('console', m => m.type() === 'error' && complaints.push(`${m.text()} ${m.location().url}`))
})
after(() => browser?.close())

let pictures = 0
async function picture(name, of = page) {
  const dir = process.env.ARTICLES_SCREENSHOTS
  if (dir) await of.screenshot({ path: join(dir, `${String(++pictures).padStart(2, '0')}-${name}.png`), fullPage: true })
}

/** Awaits a call of an operation of Cognito, by its name. */
const called = operation =>
  page.waitForResponse(r => r.request().headers()['x-amz-target']?.endsWith(`.${operation}`) && r.request().method() === 'POST')

const shown = text => page.getByText(text).first().waitFor()

/** The code of the newest message. */
async function code() {
  const response = await fetch(`${poolhouse}/_poolhouse/inbox?to=${encodeURIComponent(email)}`, {
    headers: { Accept: 'application/json' },
  })
  const [newest] = await response.json()
  assert.ok(newest, 'the inbox has no message')
  return newest.code
}

async function signIn(password = firstPassword) {
  const signIn = page.getByRole('tabpanel', { name: 'Sign In' })
  await signIn.getByLabel('Email').fill(email)
  await signIn.getByLabel('Password', { exact: true }).fill(password)
  await signIn.getByRole('button', { name: 'Sign in' }).click()
}

async function create(name) {
  await page.getByLabel('New article').fill(name)
  await page.getByRole('button', { name: 'Create' }).click()
}

const heading = name => page.getByRole('heading', { name, exact: true })

test('the API refuses whoever has no token, and tells the page so', async () => {
  for (const [path, init] of [['/api/articles'], ['/api/articles', { method: 'POST', body: '{"name":"x"}' }], ['/api/nothing']]) {
    const response = await fetch(api + path, { ...init, headers: { Origin: web } })
    assert.equal(response.status, 401)
    assert.match(response.headers.get('www-authenticate'), /^Bearer/)
    assert.equal(response.headers.get('access-control-allow-origin'), web)
  }
})

test('sign up and confirm with the code of the inbox', async () => {
  await page.goto(web)
  await picture('sign-in')
  await page.getByRole('tab', { name: 'Create Account' }).click()
  const form = page.getByRole('tabpanel', { name: 'Create Account' })
  await form.getByLabel('Email').fill(email)
  await form.getByLabel('Password', { exact: true }).fill(firstPassword)
  await form.getByLabel('Confirm Password').fill(firstPassword)
  await picture('sign-up')
  const signUp = called('SignUp')
  await form.getByRole('button', { name: 'Create Account' }).click()
  assert.equal((await signUp).status(), 200)
  await shown('We Emailed You')
  await page.getByLabel('Confirmation Code').fill(await code())
  await picture('confirm')
  const challenge = called('RespondToAuthChallenge')
  await page.getByRole('button', { name: 'Confirm' }).click()
  // The Authenticator signs in by itself then, by SRP.
  assert.match((await challenge).request().postData(), /PASSWORD_VERIFIER/)
  await shown('Yours can be the first.')
  await picture('no-articles')
})

test('create articles', async () => {
  await create('On gardens')
  await heading('On gardens').waitFor()
  await page.getByText(email).first().waitFor()
  assert.equal(await page.getByLabel('New article').inputValue(), '', 'the form is emptied')

  await page.getByLabel('New article').fill('n'.repeat(51))
  await shown('1 too many')
  assert.ok(await page.getByRole('button', { name: 'Create' }).isDisabled())
  await create('<b>Ponds</b> & other wet places')
  await heading('<b>Ponds</b> & other wet places').waitFor()
  await picture('articles')

  await page.reload()
  await heading('On gardens').waitFor()
  assert.deepEqual(await page.getByRole('heading', { level: 2 }).allTextContents(), ['<b>Ponds</b> & other wet places', 'On gardens'])
})

test('stay signed in: an old token is refreshed without a word', async () => {
  await page.clock.setFixedTime(Date.now() + 2 * hour) // for the page alone
  const refresh = called('GetTokensFromRefreshToken')
  await page.reload()
  assert.equal((await refresh).status(), 200)
  await heading('On gardens').waitFor()
  await create('After a while')
  await heading('After a while').waitFor()
})

test('sign out, and in again by SRP', async () => {
  await page.clock.setFixedTime(Date.now())
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('tab', { name: 'Sign In' }).waitFor()
  const kept = await page.evaluate(() => Object.keys(localStorage).filter(k => /Token/.test(k)))
  assert.deepEqual(kept, [], 'no token is left')

  const start = called('InitiateAuth')
  await signIn()
  assert.match((await start).request().postData(), /USER_SRP_AUTH/)
  await heading('After a while').waitFor()
})

test('an admin locks the user out and in again, and deletes', async () => {
  const context = await browser.newContext({ viewport: { width: 1000, height: 600 } })
  const admin = await context.newPage()
  admin.on('console', m => m.type() === 'error' && complaints.push(`${m.text()} ${m.location().url}`))
  await admin.goto(`${api}/admin/`)
  assert.equal(new URL(admin.url()).pathname, '/admin/login')
  await admin.getByLabel('Name').fill('admin')
  await admin.getByLabel('Password').fill(adminPassword)
  await picture('admin-login', admin)
  await admin.getByRole('button', { name: 'Log in' }).click()
  await admin.getByText(email).waitFor()
  await admin.getByRole('button', { name: `Deactivate ${email}` }).click()
  await admin.getByRole('button', { name: `Activate ${email}` }).waitFor()
  await picture('admin-users', admin)

  const complained = complaints.length
  await create('Not any more')
  await page.getByRole('alert').waitFor()
  await picture('inactive')
  complaints.splice(complained) // the 401 that was asked for

  await admin.getByRole('button', { name: `Activate ${email}` }).click()
  await admin.getByRole('button', { name: `Deactivate ${email}` }).waitFor()
  await admin.getByRole('link', { name: 'Articles' }).click()
  await admin.getByRole('button', { name: 'Delete After a while' }).click()
  await admin.getByText('After a while').waitFor({ state: 'detached' })
  await picture('admin-articles', admin)
  await page.reload()
  await heading('On gardens').waitFor()
  assert.equal(await heading('After a while').count(), 0)
  await admin.getByRole('button', { name: 'Log out' }).click()
  await admin.goto(`${api}/admin/users`)
  assert.equal(new URL(admin.url()).pathname, '/admin/login')
  await context.close()
})

test('an expired session leads back to the sign-in', async () => {
  // Refresh tokens live for 30 days.
  await clock('POST', '{"advance":"744h"}')
  await page.clock.setFixedTime(Date.now() + 744 * hour)
  const complained = complaints.length
  try {
    const refresh = called('GetTokensFromRefreshToken')
    await create('Too late')
    const response = await refresh
    assert.equal(response.status(), 400)
    assert.equal(response.headers()['x-amzn-errortype'], 'NotAuthorizedException')
    await shown('Your session has expired.')
    await picture('expired')
  } finally {
    complaints.splice(complained) // the 400 that was asked for
    await clock('DELETE')
    await page.clock.setFixedTime(Date.now())
  }
  await page.reload()
  await signIn()
  await heading('On gardens').waitFor()
  assert.equal(await heading('Too late').count(), 0)
})

test('a forgotten password', async () => {
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Forgot your password?' }).click()
  await page.getByLabel('Email').fill(email)
  await page.getByRole('button', { name: 'Send code' }).click()
  await page.getByLabel('New Password').waitFor()
  await page.getByLabel('Code').fill(await code())
  await page.getByLabel('New Password').fill('Another-Horse-8')
  await page.getByLabel('Confirm Password').fill('Another-Horse-8')
  await picture('forgotten')
  const confirm = called('ConfirmForgotPassword')
  await page.getByRole('button', { name: 'Submit' }).click()
  assert.equal((await confirm).status(), 200)
  await page.getByRole('tab', { name: 'Sign In' }).waitFor()
  await signIn('Another-Horse-8')
  await heading('On gardens').waitFor()
})

test('on a phone', async () => {
  await page.setViewportSize({ width: 390, height: 760 })
  await picture('phone')
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
  assert.equal(wide, false, 'the page is wider than the phone')
})

test('no page complained', () => assert.deepEqual(complaints, []))

async function clock(method, body) {
  const response = await fetch(`${poolhouse}/_poolhouse/clock`, { method, body })
  assert.equal(response.status, 200)
}
