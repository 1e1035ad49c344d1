<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress\Support;

/** Pictures of their own content, as somebody uploads them. In a site, but for `attach`. */
final class Picture
{
    public static function upload(string $name, int $seed, int $side = 320): int
    {
        require_once ABSPATH . 'wp-admin/includes/image.php';
        $image = imagecreatetruecolor($side, $side);
        for ($i = 0; $i < 20; $i++) {
            $number = crc32("$seed $i");
            imagefilledrectangle($image, $number % $side, ($number >> 8) % $side, ($number >> 16) % $side, ($number >> 4) % $side, $number & 0xffffff);
        }
        ob_start();
        imagepng($image);
        $upload = wp_upload_bits("$name.png", null, (string) ob_get_clean());
        $id = wp_insert_attachment(['post_title' => $name, 'post_excerpt' => "caption of $name", 'post_mime_type' => 'image/png', 'post_status' => 'inherit', 'guid' => $upload['url']], $upload['file']);
        update_post_meta($id, '_wp_attachment_image_alt', "alt of $name");
        wp_update_attachment_metadata($id, wp_generate_attachment_metadata($id, $upload['file']));
        return $id;
    }

    /** Any other file, from outside. @param string $content an expression */
    public static function attach(Site $site, string $name, string $content, string $directory = ''): int
    {
        return $site->php("\$place = wp_get_upload_dir()['basedir'] . '$directory'; wp_mkdir_p(\$place); file_put_contents(\"\$place/$name\", $content);
            \$id = wp_insert_attachment(['post_title' => '$name', 'post_status' => 'inherit', 'post_mime_type' => (string) wp_check_filetype('$name')['type']], \"\$place/$name\");
            require_once ABSPATH . 'wp-admin/includes/image.php'; wp_update_attachment_metadata(\$id, wp_generate_attachment_metadata(\$id, \"\$place/$name\")); return \$id;");
    }
}
