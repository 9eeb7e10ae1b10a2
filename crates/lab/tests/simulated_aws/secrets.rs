//! Secrets Manager and Parameter Store through the real SDK clients.

use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_sdk_ssm::types::ParameterType;
use eden_lab::Lab;
use eden_lab::world::{Fault, FaultKind, Role};
use serde_json::json;

use crate::support::running_lab;

const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:eden/slack-a1B2c3";
const PARAMETER: &str = "arn:aws:ssm:us-east-1:123456789012:parameter/eden/slack";
const URL: &str = "https://hooks.slack.com/services/T0/B0/x";

/// A lab with a secret and a parameter.
fn lab() -> Lab {
    let lab = running_lab(|_| {});
    lab.world().set_secret(SECRET, URL);
    lab.world().set_parameter(PARAMETER, URL);
    lab
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_read_by_its_arn_or_its_name() {
    // given a secret
    let lab = lab();
    let client = aws_sdk_secretsmanager::Client::new(&lab.sdk_config());

    // when it is read either way, then there it is
    for id in [SECRET, "eden/slack"] {
        let secret = client.get_secret_value().secret_id(id).send().await.unwrap();
        assert_eq!(secret.secret_string(), Some(URL), "{id}");
        assert_eq!((secret.arn(), secret.name()), (Some(SECRET), Some("eden/slack")));
    }
    assert!(lab.world().calls().iter().all(|call| !call.mutating));

    // when its text changes, then the new one is read
    lab.world().set_secret(SECRET, "new");
    let secret = client.get_secret_value().secret_id(SECRET).send().await.unwrap();
    assert_eq!(secret.secret_string(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn a_parameter_is_read_by_its_arn_or_its_name_and_decrypted_when_asked() {
    // given a parameter
    let lab = lab();
    let client = aws_sdk_ssm::Client::new(&lab.sdk_config());

    // when it is read either way, then there it is
    for name in [PARAMETER, "/eden/slack"] {
        let get = client.get_parameter().name(name).with_decryption(true);
        let parameter = get.send().await.unwrap().parameter.unwrap();
        assert_eq!(parameter.value(), Some(URL), "{name}");
        assert_eq!(parameter.arn(), Some(PARAMETER));
        assert_eq!(parameter.r#type(), Some(&ParameterType::SecureString));
    }

    // when nobody asks for its text, then it is not in the answer
    let get = client.get_parameter().name(PARAMETER).send().await.unwrap();
    assert!(!get.parameter().unwrap().value().unwrap().contains("slack"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_an_error_that_the_sdk_knows() {
    // given a lab without these
    let lab = lab();
    let secrets = aws_sdk_secretsmanager::Client::new(&lab.sdk_config());
    let parameters = aws_sdk_ssm::Client::new(&lab.sdk_config());

    // when they are read
    let secret = secrets.get_secret_value().secret_id("none").send().await.unwrap_err();
    let parameter = parameters.get_parameter().name("/none").send().await.unwrap_err();

    // then the SDK knows the errors
    let secret = secret.into_service_error();
    assert!(matches!(secret, GetSecretValueError::ResourceNotFoundException(_)), "{secret:?}");
    let parameter = parameter.into_service_error();
    assert!(matches!(parameter, GetParameterError::ParameterNotFound(_)), "{parameter:?}");

    // and operations that the lab does not simulate are errors too
    let list = secrets.list_secrets().send().await.unwrap_err();
    assert_eq!(list.code(), Some("UnknownOperationException"));
    let delete = parameters.delete_parameter().name(PARAMETER).send().await.unwrap_err();
    assert_eq!(delete.code(), Some("UnknownOperationException"));
}

#[tokio::test(start_paused = true)]
async fn reading_takes_a_permission_on_the_secret_or_the_parameter() {
    // given a role that may read these two
    let lab = lab();
    let role = Role::new([&json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET},
        {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": PARAMETER},
    ]})]);
    lab.world().assign_role("reader", role.unwrap());
    let secrets = aws_sdk_secretsmanager::Client::new(&lab.sdk_config_of("reader"));
    let parameters = aws_sdk_ssm::Client::new(&lab.sdk_config_of("reader"));

    // when it reads them, by ARN or name, then it may
    for id in [SECRET, "eden/slack"] {
        secrets.get_secret_value().secret_id(id).send().await.unwrap();
    }
    for name in [PARAMETER, "/eden/slack"] {
        parameters.get_parameter().name(name).send().await.unwrap();
    }

    // when it reads others, then it may not
    for id in ["other", &SECRET.replace("slack", "other")] {
        let error = secrets.get_secret_value().secret_id(id).send().await.unwrap_err();
        assert_eq!(error.code(), Some("AccessDeniedException"), "{id}");
    }
    let other = parameters.get_parameter().name("/eden/other").send().await.unwrap_err();
    assert_eq!(other.code(), Some("AccessDeniedException"));
}

#[tokio::test(start_paused = true)]
async fn the_sdk_retries_when_it_is_throttled_or_fails() {
    // given services that fail once or twice
    let lab = lab();
    for operation in ["GetSecretValue", "GetParameter"] {
        for kind in [FaultKind::Throttled, FaultKind::InternalError] {
            lab.world().inject(Fault { operation, kind, times: Some(1) });
        }
    }

    // when both are read
    let secrets = aws_sdk_secretsmanager::Client::new(&lab.sdk_config());
    let secret = secrets.get_secret_value().secret_id(SECRET).send().await.unwrap();
    let parameters = aws_sdk_ssm::Client::new(&lab.sdk_config());
    let get = parameters.get_parameter().name(PARAMETER).with_decryption(true);
    let parameter = get.send().await.unwrap();

    // then they are there at the third attempt
    assert_eq!(secret.secret_string(), Some(URL));
    assert_eq!(parameter.parameter().unwrap().value(), Some(URL));
    assert_eq!(lab.world().calls().len(), 6);
}
