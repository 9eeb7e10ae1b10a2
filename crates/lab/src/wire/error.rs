//! Errors of the API, with the code by which each service's clients know them.

use super::request::Service;

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(super) struct ApiError {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
}

impl ApiError {
    pub(super) fn new(status: u16, code: &str, message: &str) -> Self {
        Self { status, code: code.to_owned(), message: message.to_owned() }
    }

    pub(super) fn invalid_parameter(message: &str) -> Self {
        Self::new(400, "InvalidParameterException", message)
    }
}

impl Service {
    /// Too many requests (F23, F5).
    pub(super) fn throttled(self) -> ApiError {
        let (status, code) = match self {
            Self::Ecs | Self::EventBridge | Self::SecretsManager | Self::Ssm | Self::Logs => {
                (400, "ThrottlingException")
            }
            Self::Ec2 => (503, "RequestLimitExceeded"),
            Self::ApiGateway | Self::ApiGatewayV2 | Self::Lambda => {
                (429, "TooManyRequestsException")
            }
            Self::Sns | Self::CloudWatch | Self::CloudFormation => (400, "Throttling"),
            Self::Sqs => (400, "RequestThrottled"),
        };
        ApiError::new(status, code, "Rate exceeded")
    }

    /// A fault of the service itself.
    pub(super) fn internal_error(self) -> ApiError {
        let code = match self {
            Self::Ecs => "ServerException",
            Self::Ec2 | Self::Sns | Self::Sqs => "InternalError",
            Self::ApiGateway | Self::ApiGatewayV2 => "InternalServerErrorException",
            Self::CloudWatch | Self::SecretsManager => "InternalServiceError",
            Self::EventBridge => "InternalException",
            Self::Ssm => "InternalServerError",
            Self::Lambda => "ServiceException",
            Self::Logs => "ServiceUnavailableException",
            Self::CloudFormation => "InternalFailure",
        };
        ApiError::new(500, code, "Service Unavailable. Please try again later.")
    }

    /// A missing permission.
    pub(super) fn access_denied(self, why: &str) -> ApiError {
        let (status, code) = match self {
            Self::Ecs
            | Self::EventBridge
            | Self::SecretsManager
            | Self::Ssm
            | Self::Logs
            | Self::Sqs => (400, "AccessDeniedException"),
            Self::Ec2 => (403, "UnauthorizedOperation"),
            Self::ApiGateway | Self::ApiGatewayV2 | Self::Lambda => (403, "AccessDeniedException"),
            Self::Sns => (403, "AuthorizationError"),
            Self::CloudWatch | Self::CloudFormation => (403, "AccessDenied"),
        };
        ApiError::new(status, code, why)
    }

    /// The code for an input that cannot be read.
    pub(super) fn invalid_input(self) -> &'static str {
        match self {
            Self::Ecs | Self::Logs => "InvalidParameterException",
            Self::ApiGateway | Self::ApiGatewayV2 => "BadRequestException",
            Self::Sns => "InvalidParameter",
            Self::Ec2 | Self::CloudWatch | Self::Sqs => "InvalidParameterValue",
            Self::EventBridge | Self::SecretsManager | Self::Ssm => "ValidationException",
            Self::CloudFormation => "ValidationError",
            Self::Lambda => "InvalidParameterValueException",
        }
    }

    /// The error for an operation that the lab does not simulate.
    pub(super) fn unknown_operation(self, operation: &str) -> ApiError {
        let (status, code) = match self {
            Self::Ecs
            | Self::EventBridge
            | Self::CloudWatch
            | Self::SecretsManager
            | Self::Ssm
            | Self::Logs
            | Self::Sqs => (400, "UnknownOperationException"),
            Self::Ec2 | Self::Sns | Self::CloudFormation => (400, "InvalidAction"),
            Self::ApiGateway | Self::ApiGatewayV2 | Self::Lambda => (404, "NotFoundException"),
        };
        let message = format!("The lab does not simulate {operation} of {}", self.name());
        ApiError::new(status, code, &message)
    }
}
