-- The first pages of PDFs as pictures, which the page shows. They are deleted together with the bytes of their file.
CREATE TABLE first_pages (
    sha256   TEXT   NOT NULL PRIMARY KEY, -- of the PDF: its address in the file store
    width    BIGINT NOT NULL,             -- pixels
    height   BIGINT NOT NULL,             -- pixels
    picture  BYTEA  NOT NULL              -- PNG
);
