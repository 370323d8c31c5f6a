# One pool with every block that there is, two app clients with every argument,
# and a risk configuration with every block.
resource "aws_cognito_user_pool" "every" {
  name                       = "every"
  alias_attributes           = ["email", "phone_number"]
  auto_verified_attributes   = var.changed ? ["email"] : ["email", "phone_number"]
  deletion_protection        = "INACTIVE"
  mfa_configuration          = "OPTIONAL" # changed in the pool mfa: the provider sets it before the first factors
  sms_authentication_message = var.changed ? "In: {####}" : "Sign in with {####}."
  user_pool_tier             = "PLUS"
  tags                       = { stage = var.changed ? "live" : "test" }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = var.changed ? 2 : 1
    }
    recovery_mechanism {
      name     = "verified_phone_number"
      priority = var.changed ? 1 : 2
    }
  }
  admin_create_user_config {
    allow_admin_create_user_only = !var.changed
    invite_message_template {
      email_subject = var.changed ? "Come in" : "Welcome"
      email_message = "{username}, your password is {####}."
      sms_message   = "{username}: {####}"
    }
  }
  device_configuration {
    challenge_required_on_new_device      = !var.changed
    device_only_remembered_on_user_prompt = var.changed
  }
  email_configuration {
    email_sending_account  = "DEVELOPER"
    source_arn             = "arn:aws:ses:us-east-1:123456789012:identity/id.example.com"
    from_email_address     = var.changed ? "no-reply@id.example.com" : "Example <no-reply@id.example.com>"
    reply_to_email_address = "help@id.example.com"
    configuration_set      = "transactional"
  }
  email_mfa_configuration {
    subject = var.changed ? "Code" : "Your code"
    message = "The code is {####}."
  }
  lambda_config {
    create_auth_challenge          = "arn:aws:lambda:us-east-1:123456789012:function:create-${var.changed}"
    custom_message                 = "arn:aws:lambda:us-east-1:123456789012:function:message-${var.changed}"
    define_auth_challenge          = "arn:aws:lambda:us-east-1:123456789012:function:define-${var.changed}"
    post_authentication            = "arn:aws:lambda:us-east-1:123456789012:function:signed-in-${var.changed}"
    post_confirmation              = "arn:aws:lambda:us-east-1:123456789012:function:welcome-${var.changed}"
    pre_authentication             = "arn:aws:lambda:us-east-1:123456789012:function:sign-in-${var.changed}"
    pre_sign_up                    = "arn:aws:lambda:us-east-1:123456789012:function:sign-up-${var.changed}"
    pre_token_generation           = "arn:aws:lambda:us-east-1:123456789012:function:claims-${var.changed}"
    user_migration                 = "arn:aws:lambda:us-east-1:123456789012:function:migrate-${var.changed}"
    verify_auth_challenge_response = "arn:aws:lambda:us-east-1:123456789012:function:verify-${var.changed}"
    kms_key_id                     = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0000-4000-8000-00000000000${var.changed ? 1 : 0}"
    custom_email_sender {
      lambda_arn     = "arn:aws:lambda:us-east-1:123456789012:function:email-${var.changed}"
      lambda_version = "V1_0"
    }
    custom_sms_sender {
      lambda_arn     = "arn:aws:lambda:us-east-1:123456789012:function:sms-${var.changed}"
      lambda_version = "V1_0"
    }
    pre_token_generation_config {
      lambda_arn     = "arn:aws:lambda:us-east-1:123456789012:function:claims-${var.changed}"
      lambda_version = var.changed ? "V3_0" : "V2_0"
    }
  }
  password_policy {
    minimum_length                   = var.changed ? 12 : 10
    password_history_size            = var.changed ? 0 : 4
    require_lowercase                = var.changed
    require_numbers                  = var.changed
    require_symbols                  = !var.changed
    require_uppercase                = !var.changed
    temporary_password_validity_days = var.changed ? 30 : 3
  }
  schema {
    name                     = "tenant"
    attribute_data_type      = "String"
    developer_only_attribute = false
    mutable                  = false
    required                 = false
    string_attribute_constraints {
      min_length = "1"
      max_length = "64"
    }
  }
  schema {
    name                     = "score"
    attribute_data_type      = "Number"
    developer_only_attribute = true
    mutable                  = true
    required                 = false
    number_attribute_constraints {
      min_value = "-5"
      max_value = "5"
    }
  }
  schema {
    name                = "email"
    attribute_data_type = "String"
    mutable             = true
    required            = true
    string_attribute_constraints {
      min_length = "3"
      max_length = "200"
    }
  }
  sign_in_policy {
    allowed_first_auth_factors = var.changed ? ["PASSWORD"] : ["PASSWORD", "WEB_AUTHN"]
  }
  sms_configuration {
    external_id    = var.changed ? "another" : "example"
    sns_caller_arn = "arn:aws:iam::123456789012:role/${var.changed ? "texts" : "sms"}"
    sns_region     = var.changed ? "eu-west-1" : "us-east-1"
  }
  software_token_mfa_configuration {
    enabled = !var.changed
  }
  user_attribute_update_settings {
    attributes_require_verification_before_update = var.changed ? ["email"] : ["email", "phone_number"]
  }
  user_pool_add_ons {
    advanced_security_mode = var.changed ? "AUDIT" : "ENFORCED"
    advanced_security_additional_flows {
      custom_auth_mode = var.changed ? "ENFORCED" : "AUDIT"
    }
  }
  username_configuration {
    case_sensitive = true
  }
  verification_message_template {
    default_email_option  = var.changed ? "CONFIRM_WITH_LINK" : "CONFIRM_WITH_CODE"
    email_subject         = var.changed ? "A code" : "Your code"
    email_message         = "The code is {####}."
    email_subject_by_link = var.changed ? "A link" : "Your link"
    email_message_by_link = "Follow {##this link##}."
    sms_message           = var.changed ? "Code: {####}" : "The code is {####}."
  }
  web_authn_configuration {
    relying_party_id  = var.changed ? "login.example.com" : "id.example.com"
    user_verification = var.changed ? "required" : "preferred"
  }
}

resource "aws_cognito_resource_server" "every" {
  user_pool_id = aws_cognito_user_pool.every.id
  identifier   = "articles"
  name         = "Articles" # another name is another resource server to the provider
  scope {
    scope_name        = "read"
    scope_description = var.changed ? "Read some" : "Read all"
  }
}

resource "aws_cognito_identity_provider" "every" {
  user_pool_id  = aws_cognito_user_pool.every.id
  provider_name = "press"
  provider_type = "OIDC"
  provider_details = {
    client_id                     = var.changed ? "another" : "client"
    client_secret                 = "secret"
    authorize_scopes              = "openid"
    attributes_request_method     = "GET"
    attributes_url_add_attributes = "false"
    oidc_issuer                   = "https://op.example.com"
    authorize_url                 = "https://op.example.com/authorize"
    token_url                     = "https://op.example.com/token"
    attributes_url                = "https://op.example.com/userinfo"
    jwks_uri                      = "https://op.example.com/keys"
  }
  attribute_mapping = { username = "sub" }
}

# With a secret, for people and their browsers.
resource "aws_cognito_user_pool_client" "every" {
  user_pool_id                                  = aws_cognito_user_pool.every.id
  name                                          = var.changed ? "every, renamed" : "every"
  generate_secret                               = true
  access_token_validity                         = var.changed ? 20 : 10
  id_token_validity                             = var.changed ? 1200 : 600
  refresh_token_validity                        = var.changed ? 20 : 10
  auth_session_validity                         = var.changed ? 15 : 3
  allowed_oauth_flows_user_pool_client          = true
  allowed_oauth_flows                           = var.changed ? ["code"] : ["code", "implicit"]
  allowed_oauth_scopes                          = var.changed ? ["openid"] : concat(["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"], aws_cognito_resource_server.every.scope_identifiers)
  callback_urls                                 = var.changed ? ["https://example.com/in"] : ["https://example.com/in", "myapp://in", "http://localhost:3000/"]
  default_redirect_uri                          = "https://example.com/in"
  logout_urls                                   = var.changed ? ["https://example.com/bye"] : ["https://example.com/out", "myapp://out"]
  enable_propagate_additional_user_context_data = !var.changed
  enable_token_revocation                       = !var.changed
  explicit_auth_flows                           = var.changed ? ["ALLOW_USER_SRP_AUTH"] : ["ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH"]
  prevent_user_existence_errors                 = var.changed ? "LEGACY" : "ENABLED"
  read_attributes                               = var.changed ? ["email"] : ["custom:tenant", "email", "email_verified", "name", "phone_number_verified"]
  write_attributes                              = var.changed ? ["email"] : ["custom:tenant", "email", "name"]
  supported_identity_providers                  = var.changed ? ["COGNITO"] : ["COGNITO", aws_cognito_identity_provider.every.provider_name]
  analytics_configuration {
    application_id   = var.changed ? "0123456789abcdef0123456789abcdef" : "fedcba9876543210fedcba9876543210"
    external_id      = "example"
    role_arn         = "arn:aws:iam::123456789012:role/${var.changed ? "counts" : "analytics"}"
    user_data_shared = !var.changed
  }
  refresh_token_rotation {
    feature                    = "ENABLED"
    retry_grace_period_seconds = var.changed ? 60 : 0
  }
  token_validity_units {
    access_token  = "minutes"
    id_token      = "seconds"
    refresh_token = var.changed ? "days" : "hours"
  }
}

# For machines.
resource "aws_cognito_user_pool_client" "every_machine" {
  user_pool_id                         = aws_cognito_user_pool.every.id
  name                                 = "every machine"
  generate_secret                      = true
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_scopes                 = aws_cognito_resource_server.every.scope_identifiers
  explicit_auth_flows                  = var.changed ? ["USER_PASSWORD_AUTH"] : ["ADMIN_NO_SRP_AUTH"]
  analytics_configuration {
    application_arn = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/${var.changed ? "0123456789abcdef0123456789abcdef" : "fedcba9876543210fedcba9876543210"}"
  }
}

resource "aws_cognito_risk_configuration" "every" {
  user_pool_id = aws_cognito_user_pool.every.id
  client_id    = aws_cognito_user_pool_client.every.id
  account_takeover_risk_configuration {
    notify_configuration {
      from       = var.changed ? "risk@id.example.com" : "no-reply@id.example.com"
      reply_to   = "help@id.example.com"
      source_arn = "arn:aws:ses:us-east-1:123456789012:identity/id.example.com"
      block_email {
        subject   = var.changed ? "Stopped" : "Blocked"
        html_body = "<p>Blocked {username}</p>"
        text_body = "Blocked {username}"
      }
      mfa_email {
        subject   = "Was it you?"
        html_body = var.changed ? "<b>Code</b>" : "<p>Code</p>"
        text_body = "Was it you who signed in?"
      }
      no_action_email {
        subject   = "New sign-in"
        html_body = "<p>New sign-in</p>"
        text_body = var.changed ? "A sign-in" : "New sign-in"
      }
    }
    actions {
      low_action {
        event_action = var.changed ? "MFA_IF_CONFIGURED" : "NO_ACTION"
        notify       = var.changed
      }
      medium_action {
        event_action = var.changed ? "MFA_REQUIRED" : "MFA_IF_CONFIGURED"
        notify       = true
      }
      high_action {
        event_action = var.changed ? "MFA_REQUIRED" : "BLOCK"
        notify       = true
      }
    }
  }
  compromised_credentials_risk_configuration {
    event_filter = var.changed ? ["SIGN_IN"] : ["SIGN_IN", "SIGN_UP", "PASSWORD_CHANGE"]
    actions {
      event_action = var.changed ? "NO_ACTION" : "BLOCK"
    }
  }
  risk_exception_configuration {
    blocked_ip_range_list = var.changed ? ["192.0.2.0/24"] : ["192.0.2.0/24", "2001:db8::/32"]
    skipped_ip_range_list = var.changed ? ["198.51.100.7/32"] : ["198.51.100.0/24"]
  }
}
