//! Small pictures of pictures, within limits of pixels, memory and number at once; made when they are first asked for.

use super::{DiskError, Files, Inner, Name};
use crate::model::{Digest, file::ImageSize, limits};
use image::{
    DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage, codecs::jpeg::JpegEncoder, metadata::Orientation,
};
use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Memory that decoding one picture may take, bytes.
const DECODE_BYTES_MAX: u64 = 160 * 1024 * 1024;
/// JPEG qualities that are tried, until one fits.
const QUALITIES: [u8; 4] = [82, 65, 45, 25];

impl Files {
    /// The small picture of a content as JPEG; none when the content is no picture that can be made small.
    ///
    /// # Errors
    /// When the content is not here, or the disk fails.
    pub async fn thumbnail(&self, digest: Digest) -> Result<Option<Vec<u8>>, DiskError> {
        let kept = self.on_disk(move |inner| read_kept(inner, digest)).await?;
        if let Some(kept) = kept {
            return Ok(Some(kept).filter(|bytes| !bytes.is_empty()));
        }
        let _place = self.0.thumbnails.acquire().await.expect("the semaphore is never closed");
        self.on_disk(move |inner| {
            if let Some(kept) = read_kept(inner, digest)? {
                return Ok(Some(kept).filter(|bytes| !bytes.is_empty()));
            }
            let source = inner.disk.read(&Name::Blob(digest), 0, SOURCE_BYTES_MAX, Vec::new())?;
            let made = shielded(|| make(&source));
            // An empty one says that there is none, so that nobody tries again.
            inner.disk.put(&Name::Thumbnail(digest), made.as_deref().unwrap_or_default())?;
            Ok(made)
        })
        .await
    }
}

#[expect(clippy::cast_possible_truncation, reason = "32 MiB fit everywhere")]
const SOURCE_BYTES_MAX: usize = limits::THUMBNAIL_SOURCE_BYTES_MAX as usize;

fn read_kept(inner: &Inner, digest: Digest) -> Result<Option<Vec<u8>>, DiskError> {
    match inner.disk.read(&Name::Thumbnail(digest), 0, limits::THUMBNAIL_BYTES_MAX, Vec::new()) {
        Err(DiskError::Missing) => Ok(None),
        kept => kept.map(Some),
    }
}

/// A decoder that panics on hostile bytes has only failed.
fn shielded<T>(job: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(job)).unwrap_or(None)
}

/// Width and height of a picture as it is shown.
pub fn size_of(source: &[u8]) -> Option<ImageSize> {
    shielded(|| {
        let mut decoder = decoder(source)?;
        let (width, height) = decoder.dimensions();
        let turned = matches!(
            decoder.orientation().ok()?,
            Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
        );
        let (width, height) = if turned { (height, width) } else { (width, height) };
        let fits = (1..=limits::IMAGE_PIXELS_MAX).contains(&width) && (1..=limits::IMAGE_PIXELS_MAX).contains(&height);
        fits.then_some(ImageSize { width, height })
    })
}

fn decoder(source: &[u8]) -> Option<impl ImageDecoder + '_> {
    let mut reader = ImageReader::new(Cursor::new(source)).with_guessed_format().ok()?;
    let mut allowed = Limits::default();
    allowed.max_alloc = Some(DECODE_BYTES_MAX);
    reader.limits(allowed);
    reader.into_decoder().ok()
}

fn make(source: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = decoder(source)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits::THUMBNAIL_SOURCE_PIXELS_MAX {
        return None;
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let whole = DynamicImage::from_decoder(decoder).ok()?;
    let side = limits::THUMBNAIL_PIXELS_MAX;
    let mut small = if width.max(height) > side { whole.thumbnail(side, side) } else { whole };
    small.apply_orientation(orientation);
    let flat = flatten(&small);
    QUALITIES.iter().find_map(|quality| {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, *quality).encode_image(&flat).ok()?;
        (bytes.len() <= limits::THUMBNAIL_BYTES_MAX).then_some(bytes)
    })
}

/// JPEG knows no transparency: what shines through is white.
fn flatten(picture: &DynamicImage) -> RgbImage {
    let picture = picture.to_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        let over = |part: u8| {
            let sum = u16::from(part) * u16::from(alpha) + 255 * (255 - u16::from(alpha));
            u8::try_from(sum / 255).unwrap_or(u8::MAX)
        };
        image::Rgb([over(red), over(green), over(blue)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgba, RgbaImage};

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let pixels = RgbaImage::from_fn(width, height, |x, y| Rgba([x as u8, y as u8, (x * y) as u8, 255]));
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(pixels).to_rgb8().write_to(&mut bytes, format).expect("memory");
        bytes.into_inner()
    }

    #[test]
    fn a_thumbnail_is_small_and_keeps_its_shape() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif] {
            let source = picture(1_200, 600, format);
            assert_eq!(size_of(&source), Some(ImageSize { width: 1_200, height: 600 }));
            let small = make(&source).expect("a picture");
            assert!(small.len() <= limits::THUMBNAIL_BYTES_MAX);
            assert_eq!(size_of(&small), Some(ImageSize { width: 480, height: 240 }), "{format:?}");
        }
    }

    #[test]
    fn a_picture_of_too_many_pixels_or_none_has_no_thumbnail() {
        assert_eq!(make(b"not a picture"), None);
        assert_eq!(size_of(b"\x89PNG\r\n\x1a\n"), None);
        let mut source = picture(8, 8, ImageFormat::Png);
        // Width and height of the PNG header, and its checksum made right again.
        source[16..24].copy_from_slice(&[0, 0, 0x80, 0, 0, 0, 0x80, 0]);
        let sum = crc(&source[12..29]);
        source[29..33].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(make(&source), None, "a decompression bomb");
    }

    fn crc(bytes: &[u8]) -> u32 {
        let mut sum = u32::MAX;
        for byte in bytes {
            sum ^= u32::from(*byte);
            for _ in 0..8 {
                sum = if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
            }
        }
        !sum
    }
}
