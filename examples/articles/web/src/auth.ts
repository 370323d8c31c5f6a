import { Amplify } from 'aws-amplify'

// Against Poolhouse one member differs from a configuration for AWS:
// userPoolEndpoint. Without it Amplify goes to AWS's server for the region that
// the pool's id begins with.
Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: import.meta.env.VITE_USER_POOL_ID,
      userPoolClientId: import.meta.env.VITE_CLIENT_ID,
      userPoolEndpoint: import.meta.env.VITE_POOLHOUSE_URL || undefined,
      loginWith: { email: true },
      signUpVerificationMethod: 'code',
      userAttributes: { email: { required: true } },
      passwordFormat: {
        minLength: 8,
        requireLowercase: true,
        requireUppercase: true,
        requireNumbers: true,
        requireSpecialCharacters: true,
      },
    },
  },
})
