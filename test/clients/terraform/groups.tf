resource "aws_cognito_user_group" "minimal" {
  user_pool_id = aws_cognito_user_pool.minimal.id
  name         = "readers"
  description  = var.changed ? null : "Read" # is removed
}

resource "aws_cognito_user_group" "complete" {
  user_pool_id = aws_cognito_user_pool.minimal.id
  name         = "writers"
  description  = var.changed ? "Write articles" : "Write"
  precedence   = var.changed ? 2 : 1
  role_arn     = "arn:aws:iam::123456789012:role/${var.changed ? "editor" : "writer"}"
}

resource "aws_cognito_user_in_group" "member" {
  user_pool_id = aws_cognito_user_pool.minimal.id
  group_name   = aws_cognito_user_group.complete.name
  username     = aws_cognito_user.confirmed.username
}
