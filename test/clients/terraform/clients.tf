resource "aws_cognito_user_pool_client" "minimal" {
  name         = var.changed ? "minimal, renamed" : "minimal"
  user_pool_id = aws_cognito_user_pool.minimal.id
}

resource "aws_cognito_user_pool_client" "secret" {
  name                          = "secret"
  user_pool_id                  = aws_cognito_user_pool.minimal.id
  generate_secret               = true
  explicit_auth_flows           = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH"]
  prevent_user_existence_errors = var.changed ? "LEGACY" : "ENABLED"
  auth_session_validity         = 5
  enable_token_revocation       = true
  read_attributes               = ["email", "email_verified", "name"]
  write_attributes              = var.changed ? ["email"] : ["email", "name"]
}

resource "aws_cognito_user_pool_client" "oauth" {
  name                                 = "oauth"
  user_pool_id                         = aws_cognito_user_pool.minimal.id
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code", "implicit"]
  allowed_oauth_scopes                 = concat(["openid", "email", "profile", "aws.cognito.signin.user.admin"], aws_cognito_resource_server.api.scope_identifiers)
  callback_urls                        = var.changed ? ["https://example.com/signed-in"] : ["https://example.com/signed-in", "http://localhost:3000/"]
  default_redirect_uri                 = "https://example.com/signed-in"
  logout_urls                          = ["https://example.com/signed-out"]
  supported_identity_providers         = ["COGNITO"]
}

resource "aws_cognito_resource_server" "api" {
  identifier   = "https://api.example.com"
  name         = "API"
  user_pool_id = aws_cognito_user_pool.minimal.id
  scope {
    scope_name        = "read"
    scope_description = "Read all"
  }
  scope {
    scope_name        = "write"
    scope_description = var.changed ? "Write some" : "Write all"
  }
}

resource "aws_cognito_user_pool_client" "validity" {
  name                   = "validity"
  user_pool_id           = aws_cognito_user_pool.minimal.id
  access_token_validity  = var.changed ? 30 : 15
  id_token_validity      = 3600
  refresh_token_validity = 12
  token_validity_units {
    access_token  = "minutes"
    id_token      = "seconds"
    refresh_token = "hours"
  }
  refresh_token_rotation {
    feature                    = "ENABLED"
    retry_grace_period_seconds = 20
  }
  enable_propagate_additional_user_context_data = false
}

output "secret" {
  value     = aws_cognito_user_pool_client.secret.client_secret
  sensitive = true
}
