resource "aws_cognito_user_pool_domain" "prefix" {
  domain                = "example-articles"
  user_pool_id          = aws_cognito_user_pool.minimal.id
  managed_login_version = var.changed ? 2 : 1
}

# TLS is up to whoever terminates it; the certificate is kept and shown.
resource "aws_cognito_user_pool_domain" "custom" {
  domain          = "id.example.com"
  user_pool_id    = aws_cognito_user_pool.minimal.id
  certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-00000000000${var.changed ? 2 : 1}"
}
