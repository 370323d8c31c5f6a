resource "aws_cognito_identity_pool" "app" {
  identity_pool_name               = "app"
  allow_unauthenticated_identities = !var.changed
  allow_classic_flow               = var.changed
  developer_provider_name          = "login.example.com"

  # The provider's endpoint is cognito-idp.<region>.amazonaws.com/<pool>, whatever the server.
  cognito_identity_providers {
    client_id               = aws_cognito_user_pool_client.minimal.id
    provider_name           = aws_cognito_user_pool.minimal.endpoint
    server_side_token_check = var.changed
  }

  supported_login_providers = {
    "accounts.google.com" = "123456789012.apps.googleusercontent.com"
    "graph.facebook.com"  = "7346241598935552"
  }
  openid_connect_provider_arns = ["arn:aws:iam::123456789012:oidc-provider/login.example.org/tenant"]
  saml_provider_arns           = ["arn:aws:iam::123456789012:saml-provider/corp"]

  tags = { team = var.changed ? "engines" : "looms" }
}

resource "aws_cognito_identity_pool_roles_attachment" "app" {
  identity_pool_id = aws_cognito_identity_pool.app.id
  roles            = { authenticated = "arn:aws:iam::123456789012:role/user" }

  role_mapping {
    identity_provider         = "${aws_cognito_user_pool.minimal.endpoint}:${aws_cognito_user_pool_client.minimal.id}"
    type                      = "Rules"
    ambiguous_role_resolution = "AuthenticatedRole"

    mapping_rule {
      claim      = "cognito:groups"
      match_type = "Contains"
      role_arn   = "arn:aws:iam::123456789012:role/admin"
      value      = var.changed ? "staff" : "admin"
    }
  }
  role_mapping {
    identity_provider         = "accounts.google.com"
    type                      = "Token"
    ambiguous_role_resolution = "Deny"
  }
}

resource "aws_cognito_identity_pool_provider_principal_tag" "app" {
  identity_pool_id       = aws_cognito_identity_pool.app.id
  identity_provider_name = aws_cognito_user_pool.minimal.endpoint
  use_defaults           = false
  principal_tags         = { department = var.changed ? "zoneinfo" : "custom:department" }
}
