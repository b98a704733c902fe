//! Page permissions: one table, read by console, API, reference pages and tests.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;

/// The tab of the edit dialog on which a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Tab {
    /// Administrator, API-Key and Permission Management: not feature pages.
    Others,
    /// Pages about models.
    Models,
    /// Pages about applications.
    Applications,
}

/// One row of the page table.
#[derive(Clone, Copy, Debug)]
pub struct PageEntry {
    /// The permission.
    pub page: Page,
    /// Its name in APIs.
    pub name: &'static str,
    /// Its tab in the edit dialog.
    pub tab: Tab,
    /// Its English display name.
    pub name_en: &'static str,
    /// Its Chinese display name.
    pub name_zh: &'static str,
}

macro_rules! pages {
    ($($page:ident, $name:literal, $tab:ident, $en:literal, $zh:literal;)*) => {
        /// A page permission: the right to change things on one console page.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Page {
            $(#[doc = $en] $page,)*
        }
        /// Every page permission, in the order of the edit dialog.
        pub const PAGES: &[PageEntry] = &[
            $(PageEntry { page: Page::$page, name: $name, tab: Tab::$tab, name_en: $en, name_zh: $zh },)*
        ];
    };
}

// Names and display names: operations.md of the specification; Chinese names from the vendor's help pages.
pages! {
    Administrator, "administrator", Others, "Administrator", "管理员";
    PermissionManagement, "permission-management", Others, "Permission Management", "权限管理";
    ApiKey, "api-key", Others, "API-Key", "API-Key";
    Playground, "playground", Models, "Playground - Operate", "模型体验-操作";
    BatchInference, "batch-inference", Models, "Batch inference - Operate", "批量推理-操作";
    ModelMonitoring, "model-monitoring", Models, "Monitoring - Operate", "模型观测-操作";
    FineTuning, "fine-tuning", Models, "Fine-tuning - Operate", "模型调优-操作";
    MyModels, "my-models", Models, "My models - Operate", "我的模型-操作";
    ModelDeployment, "model-deployment", Models, "Deployment - Operate", "模型部署-操作";
    ModelEvaluation, "model-evaluation", Models, "Evaluation - Operate", "模型评测-操作";
    DataManagement, "data-management", Models, "Data management - Operate", "数据管理-操作";
    ApplicationData, "application-data", Applications, "Application data - Operate", "应用数据-操作";
    KnowledgeBase, "knowledge-base", Applications, "Knowledge base - Operate", "知识库-操作";
    KnowledgeBaseCreate, "knowledge-base:create", Applications, "Knowledge base - Create", "知识库-创建";
    KnowledgeBaseModify, "knowledge-base:modify", Applications, "Knowledge base - Modify", "知识库-修改";
    KnowledgeBaseDelete, "knowledge-base:delete", Applications, "Knowledge base - Delete", "知识库-删除";
    ApplicationObservability, "application-observability", Applications, "Application observability - Operate", "应用观测-操作";
    Applications, "applications", Applications, "Applications - Operate", "应用管理-操作";
    Prompts, "prompts", Applications, "Prompts - Operate", "Prompt工程-操作";
}

impl Page {
    /// This page's row of the table.
    pub fn entry(self) -> &'static PageEntry {
        &PAGES[self as usize]
    }

    /// The name in APIs.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// Feature pages are what members read by default and what Permission Management may hand out.
    pub fn is_feature(self) -> bool {
        self.entry().tab != Tab::Others
    }

    /// Reads a name.
    pub fn parse(field: &str, name: &str) -> Result<Self, Error> {
        PAGES.iter().find(|entry| entry.name == name).map(|entry| entry.page).ok_or_else(|| {
            Error::field(field, format_args!("names no page: `{name}`. ListPages gives the names"))
        })
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of page permissions.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Pages(u32);

impl Pages {
    /// No page.
    pub const NONE: Self = Self(0);

    /// The set of these pages.
    pub fn of(pages: &[Page]) -> Self {
        pages.iter().fold(Self::NONE, |set, page| Self(set.0 | 1 << *page as u32))
    }

    /// Every page.
    pub fn all() -> Self {
        Self(PAGES.iter().fold(0, |bits, entry| bits | 1 << entry.page as u32))
    }

    /// Reads names, each at most once.
    pub fn parse<S: AsRef<str>>(field: &str, names: &[S]) -> Result<Self, Error> {
        let mut set = Self::NONE;
        for name in names {
            let page = Self::of(&[Page::parse(field, name.as_ref())?]);
            if set.0 & page.0 != 0 {
                return Err(Error::field(field, format_args!("names `{}` twice", name.as_ref())));
            }
            set.0 |= page.0;
        }
        Ok(set)
    }

    /// Whether exactly this page is in the set.
    pub fn contains(self, page: Page) -> bool {
        self.0 & 1 << page as u32 != 0
    }

    /// Whether this set lets its holder change what `page` guards: the page itself, Administrator, or for the
    /// finer knowledge base pages the whole of it.
    pub fn allow(self, page: Page) -> bool {
        let whole = match page {
            Page::KnowledgeBaseCreate | Page::KnowledgeBaseModify | Page::KnowledgeBaseDelete => {
                self.contains(Page::KnowledgeBase)
            }
            _ => false,
        };
        whole || self.contains(page) || self.contains(Page::Administrator)
    }

    /// The pages in which the two sets differ.
    pub fn difference(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }

    /// What is in this set and not in the other.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The pages, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Page> {
        PAGES.iter().map(|entry| entry.page).filter(move |page| self.contains(*page))
    }

    /// The names, in the order of the table.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Page::name).collect()
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Serialize for Pages {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Pages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        Self::parse("pages", &names).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (position, entry) in PAGES.iter().enumerate() {
            assert_eq!(entry.page as usize, position, "{}", entry.name);
        }
    }

    #[test]
    fn administrator_allows_every_page_and_a_page_only_itself() {
        let administrator = Pages::of(&[Page::Administrator]);
        let prompts = Pages::of(&[Page::Prompts]);
        for entry in PAGES {
            assert!(administrator.allow(entry.page));
            assert_eq!(prompts.allow(entry.page), entry.page == Page::Prompts);
        }
        assert!(Pages::of(&[Page::KnowledgeBase]).allow(Page::KnowledgeBaseDelete));
    }

    #[test]
    fn a_set_reads_back_and_refuses_strangers_and_repeats() {
        let set = Pages::of(&[Page::Prompts, Page::ApiKey]);
        assert_eq!(Pages::parse("pages", &set.names()).unwrap(), set);
        assert!(Pages::parse("pages", &["prompts", "prompts"]).is_err());
        assert!(Pages::parse("pages", &["Prompts"]).is_err());
    }
}
