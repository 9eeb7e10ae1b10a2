//! Reads a resource's resolved properties, with errors that name their place.

use serde_json::Value;

use super::intrinsics::{as_text, malformed};
use super::{Resource, Resources, TemplateError};

/// An object of properties and its place in the template.
#[derive(Debug, Clone)]
pub(super) struct Properties<'a> {
    pub at: String,
    pub value: &'a Value,
}

/// The resources of one type, each with its logical id and its properties.
pub(super) fn of_kind<'a>(
    resources: &'a Resources,
    kind: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Resource, Properties<'a>)> {
    let wanted = resources.iter().filter(move |(_, resource)| resource.is(kind));
    wanted.map(|(id, resource)| {
        let at = format!("Resources.{id}.Properties");
        (id.as_str(), resource, Properties { at, value: &resource.properties })
    })
}

impl<'a> Properties<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name)
    }

    /// The place of one property.
    pub(super) fn at(&self, name: &str) -> String {
        format!("{}.{name}", self.at)
    }

    /// An error on one property.
    pub(super) fn refuse(&self, name: &str, accepted: &str) -> TemplateError {
        match self.get(name) {
            Some(found) => malformed(found, accepted, &self.at(name)),
            None => TemplateError::at(self.at(name), format!("is missing; accepted: {accepted}")),
        }
    }

    /// A property's text; numbers and booleans count as their text.
    pub(super) fn optional_text(&self, name: &str) -> Result<Option<String>, TemplateError> {
        let text = |value| as_text(value).ok_or_else(|| self.refuse(name, "a text"));
        self.get(name).map(text).transpose()
    }

    pub(super) fn text(&self, name: &str) -> Result<String, TemplateError> {
        self.optional_text(name)?.ok_or_else(|| self.refuse(name, "a text"))
    }

    pub(super) fn optional_number<N: std::str::FromStr>(
        &self,
        name: &str,
    ) -> Result<Option<N>, TemplateError> {
        let number = |text: String| text.parse().map_err(|_| self.refuse(name, "a number"));
        self.optional_text(name)?.map(number).transpose()
    }

    pub(super) fn number<N: std::str::FromStr>(&self, name: &str) -> Result<N, TemplateError> {
        self.optional_number(name)?.ok_or_else(|| self.refuse(name, "a number"))
    }

    /// A list of texts; none if the property is not there.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, TemplateError> {
        let elements = self.objects(name)?;
        let text = |it: &Properties<'a>| {
            as_text(it.value).ok_or_else(|| malformed(it.value, "a text", &it.at))
        };
        elements.iter().map(text).collect()
    }

    /// An object; none if the property is not there.
    pub(super) fn object(&self, name: &str) -> Option<Properties<'a>> {
        self.get(name).map(|value| Properties { at: self.at(name), value })
    }

    /// A list of objects; none if the property is not there.
    pub(super) fn objects(&self, name: &str) -> Result<Vec<Properties<'a>>, TemplateError> {
        let elements = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(elements)) => elements,
            Some(_) => return Err(self.refuse(name, "a list")),
        };
        let indexed = elements.iter().enumerate();
        let object =
            |(index, value)| Properties { at: format!("{}.{index}", self.at(name)), value };
        Ok(indexed.map(object).collect())
    }
}
