// Handlers as people write them for Lambda.
import { spawn } from 'node:child_process'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

let calls = 0
export const preSignUp = async (event) => {
  console.log(`call ${++calls} of ${event.userName}`)
  if (event.userName === 'mallory') throw new Error('Studio is invite-only')
  event.response.autoConfirmUser = true
  event.response.calls = calls
  event.response.pid = process.pid
  return event
}
export const withCallback = (event, context, callback) => {
  setTimeout(() => callback(null, event), 1)
}
export const refusing = (event, context, callback) => callback('not today')
export const withDone = (event, context) => context.done(null, event)
export const nothing = async () => {}
export const describe = async (event, context) => ({
  id: context.awsRequestId, arn: context.invokedFunctionArn, name: context.functionName, memory: context.memoryLimitInMB,
  inTime: context.getRemainingTimeInMillis() > 0 && context.getRemainingTimeInMillis() <= 30000,
  environment: process.env, cwd: process.cwd(),
})
// endInsteadOfAsking ends the program when its next request is one for an event.
function endInsteadOfAsking() {
  const request = http.request
  http.request = (options, ...rest) => (options.method === 'GET' ? process.exit(0) : request(options, ...rest))
}
// attack asks the runtime API for what it must not give.
async function attack() {
  const [address, secret] = process.env.AWS_LAMBDA_RUNTIME_API.split('/')
  const runtime = '/2018-06-01/runtime/'
  const ask = async (path, headers = {}, host = address) => (await fetch(`http://${host}${path}`, { method: 'POST', body: '{}', headers })).status
  return [
    await ask(`${runtime}invocation/x/response`),
    await ask(`/AAAA${runtime}invocation/x/response`),
    await ask(`/${secret}${runtime}invocation/x/response`),
    await ask(`/${secret}${runtime}invocation/x/error`),
    await ask(`/${secret}${runtime}invocation/x/response`, { Origin: 'https://evil.example.com' }),
    await ask(`/${secret}${runtime}invocation/x/response`, {}, address.replace('127.0.0.1', 'localhost')),
  ]
}
export const misbehave = async (event) => {
  switch (event.userName) {
    case 'exit': process.exit(3)
    case 'loop': for (;;) ;
    case 'throw later': setTimeout(() => { throw new RangeError('too late') }, 1); return sleep(60000)
    case 'reject': Promise.reject(new Error('nobody listens')); return sleep(60000)
    case 'memory': { const all = []; for (;;) { all.push(Buffer.alloc(8 << 20, 1)); await sleep(1) } }
    case 'long answer': return 'x'.repeat(2 << 20)
    case 'long line': console.log('y'.repeat(10000) + '\nshort'); return event
    case 'many lines': console.log('z\n'.repeat(50000)); return event
    case 'child': event.response.child = spawn('sleep', ['1000'], { stdio: 'inherit' }).pid; return event
    case 'slow': await sleep(300); return event
    case 'attack': event.response.statuses = await attack(); return event
    case 'exit afterwards': endInsteadOfAsking(); return event
  }
  return event
}
export const notAFunction = 1
