// Calls a Lambda handler for Node.js with the events of Lambda's runtime API.
import http from 'node:http'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const env = process.env
const [address, ...prefix] = env.AWS_LAMBDA_RUNTIME_API.split('/')
const [host, port] = address.split(':')
const base = ['', ...prefix, '2018-06-01', 'runtime'].join('/')
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

function call(method, name, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
    const req = http.request({ host, port, method, path: base + name, headers, agent }, (res) => {
      const chunks = []
      res.on('data', (chunk) => chunks.push(chunk))
      res.on('end', () => resolve({ headers: res.headers, body: Buffer.concat(chunks) }))
      res.on('error', reject)
    })
    req.on('error', reject)
    req.end(body)
  })
}

function describe(err) {
  if (err instanceof Error || (err && typeof err === 'object' && 'message' in err && 'name' in err)) {
    return JSON.stringify({ errorType: String(err.name), errorMessage: String(err.message), trace: String(err.stack).split('\n') })
  }
  return JSON.stringify({ errorType: typeof err, errorMessage: typeof err === 'string' ? err : String(err) })
}

function failure(name, message) {
  return Object.assign(new Error(message), { name })
}

async function load() {
  const dir = path.dirname(env._HANDLER)
  const [module, ...names] = path.basename(env._HANDLER).split('.')
  const stem = path.resolve(env.LAMBDA_TASK_ROOT, dir, module)
  const file = ['.mjs', '.cjs', '.js'].map((ending) => stem + ending).find(existsSync)
  if (!file) throw failure('Runtime.ImportModuleError', `Error: Cannot find module '${module}'`)
  const loaded = await import(pathToFileURL(file).href)
  const pick = (from) => names.reduce((at, name) => at?.[name], from)
  const handler = pick(loaded) ?? pick(loaded.default)
  if (handler === undefined) throw failure('Runtime.HandlerNotFound', `${env._HANDLER} is undefined or not exported`)
  if (typeof handler !== 'function') throw failure('Runtime.HandlerNotFound', `${env._HANDLER} is not a function`)
  return handler
}

function invoke(handler, event, context) {
  return new Promise((resolve, reject) => {
    const done = (err, value) => (err === undefined || err === null ? resolve(value) : reject(err))
    Object.assign(context, { done, succeed: resolve, fail: (err) => reject(err ?? failure('Error', 'null')) })
    const value = handler(event, context, done)
    if (typeof value?.then === 'function') value.then(resolve, reject)
  })
}

let current
async function crash(err) {
  console.error(err)
  const body = describe(err)
  try {
    await call('POST', current ? `/invocation/${current}/error` : '/init/error', body)
  } finally {
    process.exit(129)
  }
}
process.on('uncaughtException', crash)
process.on('unhandledRejection', (reason) => crash(failure('Runtime.UnhandledPromiseRejection', String(reason))))

let handler
try {
  handler = await load()
} catch (err) {
  await crash(err)
}
for (;;) {
  let next
  try {
    next = await call('GET', '/invocation/next')
  } catch {
    process.exit(1) // the server has ended
  }
  const { headers, body } = next
  const id = (current = headers['lambda-runtime-aws-request-id'])
  const deadline = Number(headers['lambda-runtime-deadline-ms'])
  const context = {
    awsRequestId: id,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
  }
  let name = 'response'
  let answer
  try {
    answer = JSON.stringify(await invoke(handler, JSON.parse(body), context)) ?? 'null'
  } catch (err) {
    console.error(err)
    name = 'error'
    answer = describe(err)
  }
  current = undefined
  try {
    await call('POST', `/invocation/${id}/${name}`, answer)
  } catch {
    process.exit(1) // the server has ended
  }
}
