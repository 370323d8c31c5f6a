resource "aws_cognito_user_pool" "minimal" {
  name = "minimal"
}

# The provider leaves false booleans out of the policy: missing means false.
resource "aws_cognito_user_pool" "password_policy" {
  name = "password policy"
  password_policy {
    minimum_length                   = var.changed ? 12 : 10
    require_lowercase                = true
    require_numbers                  = false
    require_symbols                  = false
    require_uppercase                = var.changed
    temporary_password_validity_days = 3
    password_history_size            = 2
  }
  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
    recovery_mechanism {
      name     = "verified_phone_number"
      priority = 2
    }
  }
}

resource "aws_cognito_user_pool" "schema" {
  name                     = "schema"
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]
  username_configuration {
    case_sensitive = false
  }
  schema {
    name                = "email"
    attribute_data_type = "String"
    required            = true
    mutable             = true
    string_attribute_constraints {
      min_length = "0"
      max_length = "2048"
    }
  }
  schema {
    name                = "tenant"
    attribute_data_type = "String"
    mutable             = false
    string_attribute_constraints {
      min_length = "1"
      max_length = "64"
    }
  }
  schema {
    name                     = "seats"
    attribute_data_type      = "Number"
    developer_only_attribute = false
    mutable                  = true
    required                 = false
    number_attribute_constraints {
      min_value = "0"
      max_value = "100"
    }
  }
  schema {
    name                = "since"
    attribute_data_type = "DateTime"
  }
  schema {
    name                = "beta"
    attribute_data_type = "Boolean"
  }
  dynamic "schema" { # added by AddCustomAttributes
    for_each = var.changed ? ["added"] : []
    content {
      name                = schema.value
      attribute_data_type = "String"
      mutable             = true
      string_attribute_constraints {
        min_length = "0"
        max_length = "20"
      }
    }
  }
}

resource "aws_cognito_user_pool" "messages" {
  name                     = "messages"
  alias_attributes         = ["email", "phone_number", "preferred_username"]
  auto_verified_attributes = ["email", "phone_number"]
  deletion_protection      = var.changed ? "INACTIVE" : "ACTIVE"
  tags = {
    team  = "identity"
    stage = var.changed ? "live" : "test"
  }

  verification_message_template {
    default_email_option  = "CONFIRM_WITH_LINK"
    email_subject         = "Your code"
    email_message         = "The code is {####}."
    email_subject_by_link = "Your link"
    email_message_by_link = "Follow {##this link##}."
    sms_message           = var.changed ? "Code: {####}" : "The code is {####}."
  }
  sms_authentication_message = "Sign in with {####}."
  admin_create_user_config {
    allow_admin_create_user_only = true
    invite_message_template {
      email_subject = "Welcome"
      email_message = "{username}, your password is {####}."
      sms_message   = "{username}: {####}"
    }
  }
  email_configuration {
    email_sending_account  = "DEVELOPER"
    source_arn             = "arn:aws:ses:us-east-1:123456789012:identity/id.example.com"
    from_email_address     = "Example <no-reply@id.example.com>"
    reply_to_email_address = "help@id.example.com"
    configuration_set      = "transactional"
  }
  sms_configuration {
    external_id    = "example"
    sns_caller_arn = "arn:aws:iam::123456789012:role/sms"
    sns_region     = "us-east-1"
  }
  user_attribute_update_settings {
    attributes_require_verification_before_update = ["email"]
  }
}

resource "aws_cognito_user_pool" "triggers" {
  name = "triggers"
  lambda_config {
    pre_sign_up          = "arn:aws:lambda:us-east-1:123456789012:function:pre-sign-up"
    post_confirmation    = var.changed ? "arn:aws:lambda:us-east-1:123456789012:function:welcome" : null
    custom_message       = "arn:aws:lambda:us-east-1:123456789012:function:custom-message"
    pre_token_generation = "arn:aws:lambda:us-east-1:123456789012:function:claims"
    pre_token_generation_config {
      lambda_arn     = "arn:aws:lambda:us-east-1:123456789012:function:claims"
      lambda_version = "V2_0"
    }
    kms_key_id = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
    custom_email_sender {
      lambda_arn     = "arn:aws:lambda:us-east-1:123456789012:function:email"
      lambda_version = "V1_0"
    }
  }
  device_configuration {
    challenge_required_on_new_device      = true
    device_only_remembered_on_user_prompt = var.changed
  }
  user_pool_add_ons {
    advanced_security_mode = "AUDIT"
  }
  user_pool_tier = "PLUS"
  sign_in_policy {
    allowed_first_auth_factors = ["PASSWORD"]
  }
}

resource "aws_cognito_user_pool" "mfa" {
  name              = "mfa"
  mfa_configuration = var.changed ? "ON" : "OPTIONAL"
  software_token_mfa_configuration {
    enabled = true
  }
  dynamic "email_mfa_configuration" {
    for_each = var.changed ? [] : ["code"]
    content {
      subject = "Your code"
      message = "The code is {####}."
    }
  }
  email_configuration {
    email_sending_account = "DEVELOPER"
    source_arn            = "arn:aws:ses:us-east-1:123456789012:identity/id.example.com"
  }
  web_authn_configuration {
    relying_party_id  = "id.example.com"
    user_verification = var.changed ? "required" : "preferred"
  }
}

resource "aws_cognito_risk_configuration" "pool" {
  user_pool_id = aws_cognito_user_pool.triggers.id
  compromised_credentials_risk_configuration {
    actions {
      event_action = var.changed ? "NO_ACTION" : "BLOCK"
    }
  }
  risk_exception_configuration {
    blocked_ip_range_list = ["10.10.10.0/24"]
  }
}
