<?php

declare(strict_types=1);

namespace Cognate\WordPress;

/**
 * In whose name a delivery is written: the acting identity's, by login or address; else that of the user in the settings. Of that one's
 * rights depends what WordPress lets into a text: without `unfiltered_html` scripts and frames are taken out.
 */
final class Actor
{
    public function __construct(private readonly Settings $settings)
    {
    }

    /**
     * @template T
     * @param \Closure(): T $write
     * @return T
     */
    public function as(?string $identity, \Closure $write): mixed
    {
        $before = get_current_user_id();
        wp_set_current_user($this->id($identity));
        // A worker has no request that would have asked for it.
        current_user_can('unfiltered_html') ? kses_remove_filters() : kses_init_filters();
        try {
            return $write();
        } finally {
            wp_set_current_user($before);
            current_user_can('unfiltered_html') ? kses_remove_filters() : kses_init_filters();
        }
    }

    private function id(?string $identity): int
    {
        if ($identity === null) {
            return $this->settings->number('acting_user');
        }
        $user = get_user_by('login', $identity) ?: get_user_by('email', $identity);
        return $user ? $user->ID : throw Refused::unauthenticated('NO_SUCH_USER', 'no user of this site has the login or the address of the acting identity');
    }
}
