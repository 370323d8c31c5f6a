# An app client that something else has made, here the server for its demo pool: the
# provider finds it by its name, changes it, and leaves it there.
resource "aws_cognito_managed_user_pool_client" "demo" {
  user_pool_id           = "us-east-1_Demo00000"
  name_prefix            = "demo"
  auth_session_validity  = var.changed ? 7 : 5
  access_token_validity  = 30
  refresh_token_validity = 12
  token_validity_units {
    access_token  = "minutes"
    refresh_token = "hours"
  }
}
