# What the classic login pages look like, which want a domain. This version of the
# provider knows neither styles of managed login nor terms.
resource "aws_cognito_user_pool_ui_customization" "all" {
  user_pool_id = aws_cognito_user_pool_domain.prefix.user_pool_id
  css          = ".label-customizable {font-weight: ${var.changed ? 700 : 400};}"
}

resource "aws_cognito_user_pool_ui_customization" "client" {
  user_pool_id = aws_cognito_user_pool_domain.prefix.user_pool_id
  client_id    = aws_cognito_user_pool_client.minimal.id
  css          = ".banner-customizable {background-color: ${var.changed ? "navy" : "teal"};}"
  # A PNG image of one pixel.
  image_file = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
}
