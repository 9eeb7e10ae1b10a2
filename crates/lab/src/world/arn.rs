//! Amazon Resource Names of one account and region.

/// Makes ARNs.
#[derive(Debug, Clone)]
pub(crate) struct Arns {
    pub(crate) region: String,
    pub(crate) account: String,
}

impl Arns {
    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }

    pub(crate) fn cluster(&self, cluster: &str) -> String {
        self.arn("ecs", &format!("cluster/{cluster}"))
    }

    pub(crate) fn service(&self, cluster: &str, service: &str) -> String {
        self.arn("ecs", &format!("service/{cluster}/{service}"))
    }

    pub(crate) fn task(&self, cluster: &str, id: &str) -> String {
        self.arn("ecs", &format!("task/{cluster}/{id}"))
    }

    pub(crate) fn container(&self, cluster: &str, task: &str, id: &str) -> String {
        self.arn("ecs", &format!("container/{cluster}/{task}/{id}"))
    }

    pub(crate) fn task_set(&self, cluster: &str, service: &str, id: &str) -> String {
        self.arn("ecs", &format!("task-set/{cluster}/{service}/{id}"))
    }

    pub(crate) fn container_instance(&self, cluster: &str, id: &str) -> String {
        self.arn("ecs", &format!("container-instance/{cluster}/{id}"))
    }

    pub(crate) fn task_definition(&self, family: &str, revision: u32) -> String {
        self.arn("ecs", &format!("task-definition/{family}:{revision}"))
    }

    /// A deployment of a service, as its history shows it.
    pub(crate) fn service_deployment(&self, cluster: &str, service: &str, id: &str) -> String {
        self.arn("ecs", &format!("service-deployment/{cluster}/{service}/{id}"))
    }

    /// What a deployment of a service deploys.
    pub(crate) fn service_revision(&self, cluster: &str, service: &str, id: &str) -> String {
        self.arn("ecs", &format!("service-revision/{cluster}/{service}/{id}"))
    }

    pub(crate) fn rule(&self, rule: &str) -> String {
        self.arn("events", &format!("rule/{rule}"))
    }

    pub(crate) fn event_bus(&self, bus: &str) -> String {
        self.arn("events", &format!("event-bus/{bus}"))
    }

    pub(crate) fn alarm(&self, alarm: &str) -> String {
        self.arn("cloudwatch", &format!("alarm:{alarm}"))
    }

    /// Of a path such as `/apis/ID` or `/restapis/ID`; API Gateway's ARNs name no account.
    pub(crate) fn apigateway(&self, path: &str) -> String {
        format!("arn:aws:apigateway:{}::{path}", self.region)
    }

    pub(crate) fn secret(&self, name: &str) -> String {
        self.arn("secretsmanager", &format!("secret:{name}"))
    }

    /// Of a parameter, by its name or its ARN: the slash with which a name may begin is the one in
    /// the ARN.
    pub(crate) fn parameter(&self, id: &str) -> String {
        if id.starts_with("arn:") {
            return id.to_owned();
        }
        self.arn("ssm", &format!("parameter/{}", id.trim_start_matches('/')))
    }

    pub(crate) fn function(&self, function: &str) -> String {
        self.arn("lambda", &format!("function:{function}"))
    }

    /// Of a log group, without the `:*` with which IAM's end.
    pub(crate) fn log_group(&self, group: &str) -> String {
        self.arn("logs", &format!("log-group:{group}"))
    }

    pub(crate) fn queue(&self, queue: &str) -> String {
        self.arn("sqs", queue)
    }

    pub(crate) fn queue_url(&self, queue: &str) -> String {
        format!("https://sqs.{}.amazonaws.com/{}/{queue}", self.region, self.account)
    }

    /// Of a stack; AWS's end in a random UUID.
    pub(crate) fn stack(&self, stack: &str) -> String {
        self.arn("cloudformation", &format!("stack/{stack}/00000000-0000-4000-8000-000000000000"))
    }

    pub(crate) fn topic(&self, topic: &str) -> String {
        self.arn("sns", topic)
    }
}

/// The last part of an ARN or path: what AWS accepts as the short name of a resource.
pub(crate) fn short_name(name_or_arn: &str) -> &str {
    name_or_arn.rsplit('/').next().unwrap_or(name_or_arn)
}
