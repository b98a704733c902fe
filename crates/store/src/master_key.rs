//! The keys of the installation: a master key from outside wraps a random data key in the database, so that the
//! master key can be changed without touching what is sealed.

use bailey_domain::seal::Sealer;
use bailey_domain::{Entropy, Error, Secret};

use crate::connection::{Connection, Pools, on};
use crate::error::database;

const LABEL: &str = "installation/data_key";

/// The 256-bit key that unlocks an installation. It comes from a file or the environment and is never stored.
#[derive(Clone, Debug)]
pub struct MasterKey(Secret<[u8; 32]>);

impl MasterKey {
    /// From its text form: 64 hexadecimal characters.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bytes =
            bailey_domain::secret::unhex(text.trim()).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| Error::field("master_key", "must be 64 hexadecimal characters"))?;
        if bytes == [0; 32] {
            return Err(Error::field(
                "master_key",
                "must not be all zeros; remove the file to have one made",
            ));
        }
        Ok(Self(Secret::new(bytes)))
    }

    /// A new one.
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(Secret::new(bytes))
    }

    /// Its text form, to be written to a file that only its owner may read.
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(bailey_domain::secret::hex(self.0.reveal()))
    }
}

/// Opens the data key, or makes one for a new database.
pub(crate) async fn unlock(
    pools: &Pools,
    master: &MasterKey,
    entropy: &dyn Entropy,
) -> Result<Sealer, Error> {
    // Of several nodes that start on a new database at the same moment, one makes the key and all read it.
    const MAKE: &str = "
        INSERT INTO installation (id, sealed_data_key, revision) VALUES (1, $1, 0) ON CONFLICT (id) DO NOTHING";
    let wrapper = Sealer::new(master.0.reveal());
    let mut connection = pools.begin().await.map_err(database)?;
    let mut found = find(&mut connection).await?;
    if found.is_none() {
        let mut data_key = [0; 32];
        entropy.fill(&mut data_key);
        let sealed = wrapper.seal(entropy, LABEL, &data_key);
        on!(connection, conn => sqlx::query(MAKE).bind(sealed).execute(conn).await.map(drop))
            .map_err(database)?;
        found = find(&mut connection).await?;
    }
    connection.commit().await.map_err(database)?;
    let sealed =
        found.ok_or_else(|| Error::internal("the installation's row cannot be read after it was written"))?;
    let bytes = wrapper.open(LABEL, &sealed)?;
    let data_key = <[u8; 32]>::try_from(bytes.reveal().as_slice());
    data_key.map(|key| Sealer::new(&key)).map_err(|_| Error::internal("the data key has a wrong length"))
}

async fn find(connection: &mut Connection) -> Result<Option<String>, Error> {
    const SQL: &str = "SELECT sealed_data_key FROM installation WHERE id = 1";
    let row: Option<(String,)> =
        on!(*connection, conn => sqlx::query_as(SQL).fetch_optional(conn).await).map_err(database)?;
    Ok(row.map(|(sealed,)| sealed))
}
