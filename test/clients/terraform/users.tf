resource "aws_cognito_user" "invited" {
  user_pool_id   = aws_cognito_user_pool.minimal.id
  username       = "ada"
  message_action = "SUPPRESS"
  attributes = {
    email          = "ada@example.com"
    email_verified = true
    name           = var.changed ? "Ada King" : "Ada Lovelace"
  }
}

resource "aws_cognito_user" "confirmed" {
  user_pool_id = aws_cognito_user_pool.minimal.id
  username     = "grace"
  password     = "Correct-Horse-7"
  enabled      = !var.changed
}
