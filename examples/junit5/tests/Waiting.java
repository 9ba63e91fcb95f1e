package com.example;

import com.example.TallyfyMockExtension.TallyfyOrg;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Says where its mock is, and waits to be killed. */
@ExtendWith(TallyfyMockExtension.class)
class Waiting {
    @Test
    void forTheEnd(TallyfyOrg org) throws InterruptedException {
        System.out.println(org.baseUrl());
        Thread.sleep(Long.MAX_VALUE);
    }
}
