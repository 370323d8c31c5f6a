interface ImportMetaEnv {
  readonly VITE_POOLHOUSE_URL: string
  readonly VITE_USER_POOL_ID: string
  readonly VITE_CLIENT_ID: string
  readonly VITE_API_URL: string
}
