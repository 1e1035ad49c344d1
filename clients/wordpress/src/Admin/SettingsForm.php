<?php

declare(strict_types=1);

namespace Cognate\WordPress\Admin;

use Cognate\WordPress\Plugin;
use Cognate\WordPress\Settings;

/** What Settings > Cognate shows. The key is not on it, in no form. */
final class SettingsForm
{
    private readonly Settings $settings;

    public function __construct(private readonly Plugin $plugin)
    {
        $this->settings = $plugin->settings;
    }

    /** @param array{string, string}|null $notice its kind and words */
    public function render(?array $notice): void
    {
        echo '<div class="wrap"><h1>Cognate</h1>';
        if ($notice !== null) {
            printf('<div class="notice notice-%s"><p>%s</p></div>', esc_attr($notice[0]), esc_html($notice[1]));
        }
        $this->state();
        $this->hub();
        $this->choice();
        $this->button('compare', 'Compare all records', 'Sends what differs from what was sent last: also all that was here before. This is done once a day by itself.');
        $this->button('retry', 'Send again what was refused', '');
        echo '</div>';
    }

    private function state(): void
    {
        $count = $this->plugin->outbox->count();
        $worked = $this->plugin->facts->get('worked');
        $error = $this->plugin->facts->get('error');
        $lines = [
            $this->settings->text('platform') === '' ? 'This site is not enrolled yet.' : 'This site is the platform ' . $this->settings->text('platform') . '.',
            "{$this->plugin->inbox->count()} records are the same elsewhere, {$count['pending']} wait to be sent, {$count['refused']} were refused.",
            $worked === null ? 'Nothing was sent or received yet.' : 'Last at work ' . human_time_diff((int) $worked) . ' ago.',
        ];
        $error === null || $lines[] = "The last work ended with: $error";
        $this->plugin->home->obstacle() === '' || $lines[] = $this->plugin->home->obstacle();
        $this->plugin->comparison->isUnderWay() && $lines[] = 'A comparison of all records is under way.';
        foreach ($this->plugin->outbox->refused(20) as $row) {
            $lines[] = "Refused: $row->model $row->localId: $row->error";
        }
        echo '<ul>';
        foreach ($lines as $line) {
            printf('<li>%s</li>', esc_html($line));
        }
        echo '</ul>';
    }

    private function hub(): void
    {
        $this->begin('enrol', 'The hub');
        $this->input('address', 'Address of the gateway', 'https://hub.example.org');
        $this->input('platform', 'Platform', 'only with a key file; a token says it itself');
        $this->row('Token', '<input type="password" name="token" autocomplete="off" class="regular-text"><p class="description">' . esc_html($this->plugin->key->has() ? 'This site has a key. Another token replaces it.' : 'One-time, from an operator of the hub; it becomes this site\'s key.') . '</p>');
        $this->input('key_file', 'Key file', 'in the place of a token: outside of what the web server shows');
        $this->input('ca_file', 'Authority', 'PEM file, where the hub\'s certificate is not of a public one');
        $this->tick('plaintext', 'Send the key without TLS, also to another machine');
        $this->end('Enrol');
    }

    private function choice(): void
    {
        $this->begin('save', 'What travels');
        $types = get_post_types(['show_ui' => true], 'objects');
        unset($types['wp_block'], $types['wp_template'], $types['wp_template_part'], $types['wp_navigation']);
        $this->several('post_types', 'Post types', array_map(static fn (object $type): string => $type->label, $types));
        $this->several('statuses', 'In these states', array_diff_key(get_post_statuses() + ['future' => 'Scheduled'], ['trash' => '']));
        $this->several('taxonomies', 'Taxonomies', array_map(static fn (object $taxonomy): string => $taxonomy->label, get_taxonomies(['show_ui' => true], 'objects')));
        $this->tick('users', 'Users');
        $this->tick('comments', 'Comments');
        foreach (['post_meta' => 'Meta of posts', 'user_meta' => 'Meta of users', 'term_meta' => 'Meta of terms', 'options' => 'Options'] as $name => $label) {
            $note = $name === 'options' ? 'One name a line.' : 'One key a line, or key: shape, of text, integer, json, list, attachment, attachments, file.';
            $this->row($label, sprintf('<textarea name="%s" rows="4" class="large-text code">%s</textarea><p class="description">%s</p>', esc_attr($name), esc_textarea(implode("\n", $this->settings->list($name))), esc_html($note)));
        }
        $roles = wp_roles()->get_names();
        $this->several('roles', 'Roles that other platforms may give and take', $roles);
        $this->select('new_user_role', 'Role of users who come from elsewhere', $roles);
        $this->tick('passwords', 'Hashes of passwords travel');
        $this->tick('administrators', 'Users who administer this site may be written from elsewhere');
        $this->row('Written in the name of', (string) wp_dropdown_users(['name' => 'acting_user', 'selected' => $this->settings->number('acting_user'), 'show_option_none' => 'nobody', 'option_none_value' => 0, 'echo' => false])
            . '<p class="description">' . esc_html('Without the right to unfiltered HTML scripts and frames are taken out of what comes in.') . '</p>');
        $this->select('on_delete', 'What was deleted elsewhere', ['trash' => 'goes into the trash', 'delete' => 'is deleted']);
        $this->select('send', 'Changes are sent', ['auto' => 'right after the request', 'cron' => 'by cron']);
        $this->input('work_seconds', 'Seconds of one turn of cron', '1 to 300');
        $this->end('Save');
    }

    private function begin(string $action, string $title): void
    {
        printf('<h2>%s</h2><form method="post" action="%s">', esc_html($title), esc_url(admin_url('admin-post.php')));
        printf('<input type="hidden" name="action" value="%s">', esc_attr("cognate_$action"));
        wp_nonce_field("cognate_$action");
        echo '<table class="form-table" role="presentation">';
    }

    private function end(string $label): void
    {
        echo '</table>';
        submit_button($label);
        echo '</form>';
    }

    private function button(string $action, string $label, string $note): void
    {
        printf('<form method="post" action="%s"><input type="hidden" name="action" value="%s">', esc_url(admin_url('admin-post.php')), esc_attr("cognate_$action"));
        wp_nonce_field("cognate_$action");
        submit_button($label, 'secondary', 'submit', false);
        printf(' <span class="description">%s</span></form>', esc_html($note));
    }

    /** @param string $content escaped by its maker */
    private function row(string $label, string $content): void
    {
        printf('<tr><th scope="row">%s</th><td>%s</td></tr>', esc_html($label), $content);
    }

    private function input(string $name, string $label, string $note): void
    {
        $this->row($label, sprintf('<input name="%s" value="%s" class="regular-text"><p class="description">%s</p>', esc_attr($name), esc_attr($this->settings->text($name)), esc_html($note)));
    }

    private function tick(string $name, string $label): void
    {
        $this->row('', sprintf('<label><input type="checkbox" name="%s" value="1"%s> %s</label>', esc_attr($name), checked($this->settings->isOn($name), true, false), esc_html($label)));
    }

    /** @param array<string, string> $choices */
    private function several(string $name, string $label, array $choices): void
    {
        $boxes = '';
        foreach ($choices as $value => $text) {
            $boxes .= sprintf('<label><input type="checkbox" name="%s[]" value="%s"%s> %s</label><br>', esc_attr($name), esc_attr($value), checked(in_array($value, $this->settings->list($name), true), true, false), esc_html($text));
        }
        $this->row($label, $boxes);
    }

    /** @param array<string, string> $choices */
    private function select(string $name, string $label, array $choices): void
    {
        $options = '';
        foreach ($choices as $value => $text) {
            $options .= sprintf('<option value="%s"%s>%s</option>', esc_attr($value), selected($this->settings->text($name), $value, false), esc_html($text));
        }
        $this->row($label, sprintf('<select name="%s">%s</select>', esc_attr($name), $options));
    }
}
