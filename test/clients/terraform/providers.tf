resource "aws_cognito_user_pool" "federated" {
  name = "federated"
  schema {
    name                = "team"
    attribute_data_type = "String"
    mutable             = true
    string_attribute_constraints {}
  }
}

# What Cognito fills in shows as a change unless it is written down, here as on AWS.
resource "aws_cognito_identity_provider" "google" {
  user_pool_id  = aws_cognito_user_pool.federated.id
  provider_name = "Google"
  provider_type = "Google"
  provider_details = {
    client_id                     = "client.apps.googleusercontent.com"
    client_secret                 = var.changed ? "another" : "secret"
    authorize_scopes              = "email profile openid"
    attributes_url                = "https://people.googleapis.com/v1/people/me?personFields="
    attributes_url_add_attributes = "true"
    authorize_url                 = "https://accounts.google.com/o/oauth2/v2/auth"
    oidc_issuer                   = "https://accounts.google.com"
    token_request_method          = "POST"
    token_url                     = "https://www.googleapis.com/oauth2/v4/token"
  }
  attribute_mapping = {
    email    = "email"
    username = "sub"
  }
}

resource "aws_cognito_identity_provider" "oidc" {
  user_pool_id  = aws_cognito_user_pool.federated.id
  provider_name = "okta"
  provider_type = "OIDC"
  provider_details = {
    client_id                     = "client"
    client_secret                 = "secret"
    authorize_scopes              = "openid email"
    attributes_request_method     = var.changed ? "POST" : "GET"
    attributes_url_add_attributes = "false"
    oidc_issuer                   = "https://op.example.com"
    authorize_url                 = "https://op.example.com/authorize"
    token_url                     = "https://op.example.com/token"
    attributes_url                = "https://op.example.com/userinfo"
    jwks_uri                      = "https://op.example.com/keys"
  }
  attribute_mapping = {
    "custom:team" = var.changed ? "group" : "team"
    username      = "sub"
  }
  idp_identifiers = var.changed ? ["okta.example"] : ["example", "okta.example"]
}

resource "aws_cognito_identity_provider" "saml" {
  user_pool_id  = aws_cognito_user_pool.federated.id
  provider_name = "corp"
  provider_type = "SAML"
  provider_details = {
    MetadataFile          = file("saml_metadata.xml")
    IDPSignout            = var.changed ? "true" : "false"
    SLORedirectBindingURI = "https://idp.example.com/slo"
    SSORedirectBindingURI = "https://idp.example.com/sso"
  }
  attribute_mapping = {
    email = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
  }
  # The certificate is the pool's, which nobody knows beforehand.
  lifecycle {
    ignore_changes = [provider_details["ActiveEncryptionCertificate"]]
  }
}

resource "aws_cognito_user_pool_client" "federated" {
  name                         = "federated"
  user_pool_id                 = aws_cognito_user_pool.federated.id
  supported_identity_providers = concat(["COGNITO", aws_cognito_identity_provider.google.provider_name, aws_cognito_identity_provider.oidc.provider_name], var.changed ? [] : [aws_cognito_identity_provider.saml.provider_name])
}
