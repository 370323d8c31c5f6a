// A PreSignUp function as people have it in Lambda.
export const handler = async (event) => {
  console.log(`pid ${process.pid} asked about ${event.userName}`)
  if (!event.request.userAttributes.email?.endsWith('@example.com')) throw new Error('Studio is invite-only')
  event.response.autoConfirmUser = true
  return event
}
