// The functions of a pool that asks one question.

/** DefineAuthChallenge: until the answer was right, three times at most. */
export async function define(event) {
  const { session } = event.request;
  const right = session.at(-1)?.challengeResult === true;
  Object.assign(event.response, right
    ? { issueTokens: true, failAuthentication: false }
    : { issueTokens: false, failAuthentication: session.length > 2, challengeName: 'CUSTOM_CHALLENGE' });
  return event;
}

/** CreateAuthChallenge. */
export async function create(event) {
  Object.assign(event.response, { publicChallengeParameters: { riddle: '6 x 7' }, privateChallengeParameters: { answer: '42' } });
  return event;
}

/** VerifyAuthChallengeResponse. */
export async function verify(event) {
  event.response.answerCorrect = event.request.challengeAnswer === event.request.privateChallengeParameters.answer;
  return event;
}
